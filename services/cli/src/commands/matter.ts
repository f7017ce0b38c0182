import { z } from "zod";
import { connect } from "../connect.ts";
import { type Output, printable } from "../output.ts";
import { readAll } from "./governance.ts";

const matter = z.looseObject({
  id: z.string(),
  title: z.string(),
  kind: z.string(),
  openedAt: z.string(),
  due: z.string().nullable(),
  closedAt: z.string().nullable().optional(),
});

/** What a matter is opened with, as the API names it. */
export interface NewMatter {
  readonly title: string;
  readonly kind: string;
  readonly due?: string;
  readonly regime?: string;
  readonly receivedAt?: string;
  readonly nation?: string;
  readonly reference?: string;
}

/** `daybook matter open`. */
export async function openMatter(options: NewMatter, output: Output): Promise<void> {
  const { client } = await connect();
  const opened = await client.call("post", "/api/v1/matters", { body: options, response: matter });
  client.close();
  output.result(opened, () => `Opened: ${line(opened)}`);
}

/** `daybook matter list`. */
export async function listMatters(output: Output): Promise<void> {
  const { client } = await connect();
  const answer = { matters: await readAll(client, "/api/v1/matters", "matters", matter) };
  client.close();
  output.result(
    answer,
    () => answer.matters.map(line).join("\n") || "No matters yet: daybook matter open --title T --kind foi",
  );
}

/** `daybook matter show` and `daybook matter close`. */
export async function oneMatter(id: string, what: "show" | "close", output: Output): Promise<void> {
  const { client } = await connect();
  const found =
    what === "show"
      ? await client.call("get", "/api/v1/matters/:id", { params: { id }, response: matter })
      : await client.call("post", "/api/v1/matters/:id/close", { params: { id }, response: matter });
  client.close();
  output.result(found, () => line(found));
}

function line({ id, title, kind, openedAt, due, closedAt }: z.infer<typeof matter>): string {
  const until = closedAt ? `closed ${closedAt.slice(0, 10)}` : due ? `due ${due.slice(0, 10)}` : "no date";
  return `${id}  ${kind.padEnd(7)} ${openedAt.slice(0, 10)}  ${until.padEnd(17)} ${printable(title)}`;
}
