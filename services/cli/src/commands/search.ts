import { z } from "zod";
import { connect } from "../connect.ts";
import { type Output, printable } from "../output.ts";

export interface SearchOptions {
  readonly matter: string;
  readonly custodian?: string;
  readonly participant?: string;
  readonly network?: string;
  readonly conversation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly kind?: readonly string[];
  readonly limit?: number;
  readonly cursor?: string;
}

const page = z.object({
  total: z.number(),
  totalIsExact: z.boolean(),
  results: z.array(
    z.looseObject({
      id: z.string(),
      kind: z.string(),
      network: z.string(),
      conversation: z.object({ id: z.string(), title: z.string() }).nullable(),
      sender: z.string().nullable(),
      at: z.string(),
      text: z.string().nullable(),
      attachments: z.array(z.looseObject({ name: z.string() })),
    }),
  ),
  unconfirmed: z.array(
    z.looseObject({
      network: z.string(),
      identifier: z.string(),
      side: z.enum(["before", "after"]),
      silentFrom: z.string(),
      silentTo: z.string(),
      records: z.number(),
      confirm: z.string(),
      id: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

/** `daybook search`: one page, newest first. */
export async function searchCommand(
  words: readonly string[],
  options: SearchOptions,
  output: Output,
): Promise<void> {
  const { client } = await connect();
  const { kind, ...rest } = options;
  const answer = await client.call("get", "/api/v1/search", { query: { q: words.join(" "), kind, ...rest } });
  client.close();
  output.result(answer, () => inWords(page.parse(answer)));
}

function inWords({ total, totalIsExact, results, unconfirmed, next }: z.infer<typeof page>): string {
  const found = `${totalIsExact ? "" : "at least "}${total.toLocaleString("en-GB")} found`;
  const lines = results.map((hit) => {
    const title = hit.conversation ? ` · ${printable(hit.conversation.title)}` : "";
    const files = hit.attachments.map((a) => ` [${printable(a.name)}]`).join("");
    const kind = hit.kind === "message" ? "" : ` (${hit.kind})`;
    return `${hit.at}  ${hit.network}${title}\n  ${printable(hit.sender ?? "(nobody)")}${kind}: ${printable(hit.text ?? "")}${files}\n  ${hit.id}`;
  });
  const left = unconfirmed.map(
    ({ id, network, identifier, side, records, confirm, ...silence }) =>
      `not searched: ${records.toLocaleString("en-GB")} more under ${network} ${printable(identifier)}, ${side} a silence of more than 90 days (${silence.silentFrom} to ${silence.silentTo})\n  if they are theirs: daybook participant confirm ${id} --at ${confirm} --reason ...`,
  );
  return [found, ...lines, ...left, ...(next ? [`more: --cursor ${next}`] : [])].join("\n");
}
