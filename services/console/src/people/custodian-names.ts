import { type ApiClient, ProblemError } from "@daybook/runtime";
import { z } from "zod";

const page = z.object({
  custodians: z.array(z.object({ id: z.string(), name: z.string() })),
  next: z.string().nullable(),
});
/** Pages of a thousand that are read at most. */
const MAX_PAGES = 50;

/** Every custodian's name, by id. */
export async function custodianNames(api: ApiClient): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  let cursor: string | undefined;
  for (let read = 0; read < MAX_PAGES; read += 1) {
    const answer = await api.call("get", "/api/v1/custodians", { query: { cursor }, response: page });
    for (const { id, name } of answer.custodians) names.set(id, name);
    if (answer.next === null) break;
    cursor = answer.next;
  }
  return names;
}

/**
 * The ids of what was written: names, or ids, one a line.
 *
 * @throws {ProblemError} `no-such-custodian`, `ambiguous-custodian`
 */
export async function custodianIds(api: ApiClient, text: string): Promise<string[]> {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length === 0) return [];
  const names = await custodianNames(api);
  return lines.map((line) => {
    if (names.has(line)) return line;
    const found = [...names].filter(([, name]) => fold(name) === fold(line));
    const [first, other] = found;
    if (first && !other) return first[0];
    const [code, detail] = first
      ? ["ambiguous-custodian", "More than one custodian has such a name: write the id instead"]
      : ["no-such-custodian", "No custodian has such a name: see how it is spelt in the list of custodians"];
    throw new ProblemError(400, code, detail, {
      fields: [
        { in: "body", path: "custodians", problem: `people:errors.${first ? "ambiguous" : "unknown"}` },
      ],
    });
  });
}

function fold(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll(/\s+/gu, " ").trim();
}
