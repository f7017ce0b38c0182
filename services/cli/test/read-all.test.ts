import { z } from "zod";
import { readAll } from "../src/commands/governance.ts";

/** A server that has this many things and gives two of them a page. */
function listing(size: number) {
  const asked: unknown[] = [];
  const call = (
    _method: string,
    _path: string,
    { query, response }: { query: Record<string, unknown>; response: z.ZodType },
  ) => {
    asked.push(query["cursor"]);
    const start = Number(query["cursor"] ?? 0);
    const end = Math.min(start + 2, size);
    const things = Array.from({ length: end - start }, (_, i) => start + i);
    return Promise.resolve(response.parse({ things, next: end < size ? String(end) : null }));
  };
  return { asked, client: { call: call as never } };
}

describe("reading a whole list", () => {
  it("follows the cursors until there is none, in order", async () => {
    const { asked, client } = listing(5);
    expect(await readAll(client, "/api/v1/things", "things", z.number())).toEqual([0, 1, 2, 3, 4]);
    expect(asked).toEqual([undefined, "2", "4"]);
  });

  it("asks once for a list that has no entries", async () => {
    const { asked, client } = listing(0);
    expect(await readAll(client, "/api/v1/things", "things", z.number())).toEqual([]);
    expect(asked).toHaveLength(1);
  });
});
