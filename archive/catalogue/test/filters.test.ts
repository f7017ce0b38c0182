import type { ArchiveRecord } from "@daybook/archive-core";
import type { AttachmentRef } from "@daybook/contract";
import type { Filters } from "../src/index.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import { found, openTestCatalogue, recordOf, type TestCatalogue } from "./support/records.ts";

const file = (mediaType: string): AttachmentRef => ({
  name: "a",
  mediaType,
  sizeBytes: 1,
  sha256: "0".repeat(64),
  sealed: "0".repeat(64),
});
const ada = { id: "cust-1", name: "Ada Custodian" };
const ben = { id: "cust-2", name: "Ben Custodian" };
const at = (day: string) => ({ sentAt: `2026-03-${day}T10:00:00.000Z` });

(hasPostgres ? describe : describe.skip)("a search is narrowed", () => {
  let postgres: TestPostgres;
  let catalogue: TestCatalogue;
  const names = new Map<string, string>();
  beforeAll(async () => {
    postgres = await startTestPostgres();
    catalogue = await openTestCatalogue(await postgres.database());
    const records = {
      photo: { text: "the quay", attachments: [file("image/jpeg")], custodian: ada, ...at("01") },
      wordless: { attachments: [file("Audio/OGG"), file("application/pdf")], custodian: ada, ...at("02") },
      film: { kind: "edit", text: "the quay", attachments: [file("video/mp4")], custodian: ben, ...at("03") },
      plain: { text: "the quay image", custodian: ben, ...at("04") },
      elsewhere: {
        text: "any",
        conversation: { id: "conv-2", title: "Elsewhere", kind: "direct" },
        custodian: undefined,
        ...at("05"),
      },
    } as const;
    for (const [name, given] of Object.entries(records)) {
      const record = recordOf(given as Parameters<typeof recordOf>[0]);
      names.set(record.id, name);
      await catalogue.add([record]);
    }
  });
  afterAll(async () => {
    await catalogue.close();
    await postgres.stop();
  });
  const find = async (words: string, filters: Filters) =>
    (await found(catalogue, words, filters)).map((id) => names.get(id));

  it("by attachments: any, or one of a type, with words or without", async () => {
    expect(await find("", { attachments: "any" })).toEqual(["film", "wordless", "photo"]);
    expect(await find("", { attachments: "image" })).toEqual(["photo"]);
    expect(await find("", { attachments: "audio" })).toEqual(["wordless"]);
    expect(await find("", { attachments: "video" })).toEqual(["film"]);
    expect(await find("", { attachments: "document" })).toEqual(["wordless"]);
    expect(await find("quay", { attachments: "any" })).toEqual(["film", "photo"]);
    expect(await find('"the quay"', { attachments: "any", kinds: ["message"] })).toEqual(["photo"]);
    expect(await find("quay -image", { attachments: "image" })).toEqual(["photo"]);
  });

  it("never finds a type of attachment by a word", async () => {
    expect(await find("image", {})).toEqual(["plain"]);
    expect(await find("a*", {})).toEqual(["elsewhere"]);
    expect(await find("document", {})).toEqual([]);
  });

  it("by a conversation's key", async () => {
    const { results } = await catalogue.reader.search({ words: "any" });
    const key = results[0]!.keys.conversation!;
    expect(await find("", { conversationKey: key })).toEqual(["elsewhere"]);
    expect(await find("", { conversationKey: "1" })).toEqual([]);
    for (const conversationKey of ["1; DROP", "9".repeat(19), "-", ""]) {
      await expect(find("", { conversationKey })).rejects.toMatchObject({ code: "bad-filter" });
    }
    await expect(find("", { conversationKey: key, conversation: "conv-2" })).rejects.toMatchObject({
      code: "bad-filter",
    });
  });

  it("by who held a post when, the end of each interval not included", async () => {
    const held = [
      { custodian: "cust-1", to: "2026-03-02T10:00:00.000Z" },
      { custodian: "cust-2", from: "2026-03-03T10:00:00.000Z", to: "2026-03-04T10:00:00.000Z" },
    ];
    expect(await find("", { held })).toEqual(["film", "photo"]);
    expect(await find("quay", { held, custodian: "cust-1" })).toEqual(["photo"]);
    expect(await find("", { held: [{ custodian: "cust-2" }] })).toEqual(["plain", "film"]);
    expect(await find("", { held: [] })).toEqual([]);
  });

  it("by somebody outside, by what each network called them then: both directions, and talks that they were in", async () => {
    const fergus = { id: "+447700900456", name: "Fergus" };
    const room = {
      network: "whatsapp",
      conversation: { id: "1203@g.us", title: "Ferry", kind: "group" },
    } as const;
    const told: Record<string, Partial<ArchiveRecord>> = {
      sms: { network: "sms", sender: fergus, ...at("06") },
      answer: {
        network: "sms",
        conversation: { id: fergus.id, title: "Fergus", kind: "direct" },
        sender: { id: "+447700900123", name: "Ada" },
        ...at("07"),
      },
      mail: { network: "email", sender: { id: "fergus@example.org", name: "Fergus" }, ...at("08") },
      another: { network: "sms", sender: { ...fergus, name: "Somebody" }, ...at("20") },
      signal: { network: "signal", sender: fergus, ...at("09") },
      // To him among others, and as a blind copy of a thread that he is not in otherwise.
      copy: {
        network: "email",
        sender: { id: "ada@office.example", name: "Ada" },
        recipients: [
          { id: "else@example.org", name: "" },
          { id: "fergus@example.org", name: "" },
        ],
        conversation: { id: "thread-1", title: "Ferry", kind: "group" },
        ...at("10"),
      },
      aside: {
        network: "email",
        sender: { id: "ada@office.example", name: "Ada" },
        recipients: [{ id: "else@example.org", name: "" }],
        conversation: { id: "thread-1", title: "Ferry", kind: "group" },
        ...at("11"),
      },
      // A group whose records do not say to whom they went: he is in it once he wrote.
      joined: { ...room, sender: { id: "447700900456@c.us", name: "Fergus" }, ...at("12") },
      heard: { ...room, sender: { id: "447700900789@c.us", name: "Else" }, ...at("13") },
      told: { ...room, recipients: [{ id: "447700900111@c.us", name: "" }], ...at("13") },
      later: { ...room, sender: { id: "447700900789@c.us", name: "Else" }, ...at("16") },
    };
    for (const [name, given] of Object.entries(told)) {
      const record = recordOf({ text: "ferry", ...given });
      names.set(record.id, name);
      await catalogue.add([record]);
    }
    const parties = [
      {
        network: "sms",
        ids: [fergus.id, "07700900456"],
        from: "2026-03-06T10:00:00.000Z",
        to: "2026-03-20T10:00:00.000Z",
      },
      { network: "email", ids: ["fergus@example.org"] },
      { network: "whatsapp", ids: ["447700900456@c.us"], to: "2026-03-15T00:00:00.000Z" },
    ] as const;

    expect(await find("", { parties })).toEqual(["heard", "joined", "copy", "mail", "answer", "sms"]);
    expect(await find("ferry", { parties, network: "sms" })).toEqual(["answer", "sms"]);
    expect(await find("ferry", { parties: [parties[1]] })).toEqual(["copy", "mail"]);
    expect(await find("fergus", { parties })).toEqual([]);
    expect(await find("", { parties: [] })).toEqual([]);
    expect(await find("", { parties: [{ network: "sms", ids: ["'; DROP", "}{"] }] })).toEqual([]);
    const many = [{ network: "sms" as const, ids: Array.from({ length: 1_001 }, (_, i) => String(i)) }];
    await expect(find("", { parties: many })).rejects.toMatchObject({ code: "bad-filter" });

    // Its sign on the 20th is another's; the group's talk is nobody's sign.
    const day = (of: string) => Date.UTC(2026, 2, Number(of), 10);
    expect(await catalogue.reader.partyRuns({ network: "sms", ids: [fergus.id] }, 86_400_000)).toEqual([
      { first: day("06"), last: day("07"), records: 2 },
      { first: day("20"), last: day("20"), records: 1 },
    ]);
    expect(await catalogue.reader.partyRuns(parties[0], 86_399_999)).toEqual([
      { first: day("06"), last: day("06"), records: 1 },
      { first: day("07"), last: day("07"), records: 1 },
    ]);
    expect(await catalogue.reader.partyRuns(parties[2], 1)).toEqual([
      { first: day("12"), last: day("12"), records: 1 },
    ]);
  });
});
