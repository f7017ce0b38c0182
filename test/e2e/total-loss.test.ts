import { rm } from "node:fs/promises";
import { join } from "node:path";
import { zip } from "../../connectors/exports/test/zip-bytes.ts";
import { Daybook } from "./support/daybook.ts";

const BO = [
  "13/05/2024, 10:01 - Ann Lee: Hello there, the quorum is settled",
  "13/05/2024, 10:02 - Bob: Hi Ann, the ferry leaves at nine",
  "13/05/2024, 10:03 - Ann Lee: thanks",
  "13/05/2024, 10:03 - Ann Lee: thanks",
  "",
].join("\n");
const CY = [
  "14/05/2024, 10:01 - Ann Lee: the birthday cake",
  "14/05/2024, 10:02 - Cy: with candles",
  "14/05/2024, 10:03 - Cy: and cream",
  "",
].join("\n");

interface Imported {
  files: { messages: number; duplicates: number }[];
  records: number;
}
interface Page {
  total: number;
  results: { text: string | null; conversation: { id: string } | null }[];
}

const daybook = new Daybook();
beforeAll(() => daybook.up());
afterAll(() => daybook.remove());

describe("when PostgreSQL is lost altogether", () => {
  it("is all there again after a rebuild: records, matters, scope, and what has been imported", async () => {
    const { id: matter } = await daybook.json<{ id: string }>(
      "matter open --title Ferries --kind foi".split(" "),
    );
    const search = (words: string) => daybook.json<Page>(["search", words, "--matter", matter]);
    await daybook.json(
      "scope add --effect exclude --conversation Cy --network whatsapp --reason private".split(" "),
    );
    const both = daybook.write(
      "chats.zip",
      zip([
        { name: "WhatsApp Chat with Bo.txt", data: BO },
        { name: "WhatsApp Chat with Cy.txt", data: CY },
      ]),
    );
    const first = await daybook.json<Imported>(["import", both, "--custodian", "Ann Lee"]);
    expect(first.records).toBe(5);
    const before = await search("ferry");
    expect(before.total).toBe(1);
    expect((await search("cake")).total).toBe(0);

    expect(await daybook.stop()).toBe(0);
    await rm(join(daybook.home, "postgres"), { recursive: true });
    await daybook.up();
    await daybook.json(["rebuild"]);

    expect(await search("ferry")).toEqual(before);
    expect(await daybook.json<{ matters: unknown[] }>(["matter", "list"])).toMatchObject({
      matters: [{ id: matter, title: "Ferries" }],
    });
    const longer = daybook.write("longer.txt", `${BO}13/05/2024, 10:04 - Bob: one line more\n`);
    const again = await daybook.json<Imported>(["import", longer, "--custodian", "Ann Lee"]);
    expect(again).toMatchObject({ files: [{ messages: 5, duplicates: 4 }], records: 2 });
    expect((await search("thanks")).total).toBe(2);
    const added = (await search('"one line more"')).results;
    expect(added[0]!.conversation!.id).toBe(before.results[0]!.conversation!.id);
    const private_ = daybook.write("WhatsApp Chat with Cy.txt", CY);
    expect((await daybook.json<Imported>(["import", private_, "--custodian", "Ann Lee"])).records).toBe(0);
  });
});
