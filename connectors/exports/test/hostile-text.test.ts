import { bytesSource, MAX_RECORD_BYTES, openExport } from "../src/index.ts";
import { codes, read, shown } from "./reading.ts";

const LRM = "\u200e";
const android = (line: string) => `25/03/2024, 15:04 - ${line}\n`;
const ios = (line: string) => `[25/03/2024, 15:04:08] ${line}\n`;

describe("openExport, where other parsers go wrong", () => {
  it("keeps a pasted export of another phone as text of the message that holds it", async () => {
    const { entries, summary } = await read(
      ios("Ann: look what they wrote:") +
        "25/03/2024, 15:00 - Bob: I did it\n[3/25/24, 3:00:00 PM] Carol: me too\n" +
        ios("Ann: see?"),
    );
    expect(summary).toMatchObject({ messages: 2, authors: ["Ann"] });
    expect(entries[0]?.body).toContain("Bob: I did it\n[3/25/24");
    expect(summary.warnings).toMatchObject([{ code: "foreign-header", line: 2, count: 2 }]);
  });

  it.each(["“", '"', "«", "「"])(
    "takes a rename for a notice though its quotation %s holds a colon",
    async (quote) => {
      const { entries } = await read(
        android(`Ann changed the subject to ${quote}Plan: B"`) + android("Ann: ok"),
      );
      expect(entries.map(({ kind, author }) => [kind, author])).toEqual([
        ["system", undefined],
        ["message", "Ann"],
      ]);
    },
  );

  it("reads an author whose own name holds a closed quotation", async () => {
    const { summary } = await read(android('Bob "the builder" Lee: yes: we can'));
    expect(summary.authors).toEqual(['Bob "the builder" Lee']);
  });

  it("reads authors with emoji, colons, dashes and marks, without the marks", async () => {
    const { summary } = await read(
      android("Dr. 🌸 A:B - C: hi") +
        android("\u202a+44\u00a07700\u00a0900123\u202c: hi") +
        android("~\u202fZoë: hi"),
    );
    expect(summary.authors).toEqual(["Dr. 🌸 A:B - C", "+44 7700 900123", "~ Zoë"]);
  });

  it("reads an author whose name holds a colon and a space, if the file is named after them", async () => {
    const name = "WhatsApp Chat with Team: Ops.txt";
    expect((await read(android("Team: Ops: hello"), { name })).entries).toMatchObject([
      { author: "Team: Ops", body: "hello" },
    ]);
  });

  it("takes iOS notices for the app's and not for the group's", async () => {
    const { entries, summary } = await read(
      ios(`Budget: ${LRM}Messages and calls are end-to-end encrypted.`) +
        ios(`Ann: ${LRM}Ann added Bob`) +
        ios("Bob: who left the door open?"),
    );
    expect(summary).toMatchObject({ messages: 1, system: 2, authors: ["Bob"] });
    expect(entries[0]).toMatchObject({
      kind: "system",
      author: "Budget",
      body: "Messages and calls are end-to-end encrypted.",
    });
  });

  it("does not take words for notices: left, added and removed in a message stay a message", async () => {
    expect((await read(android("Ann: Bob left, I added Carol and removed Dan"))).summary).toMatchObject({
      messages: 1,
      system: 0,
    });
  });

  it("does not take a typed placeholder for the app's where iOS marks its own", async () => {
    const { summary } = await read(
      ios(`Ann: ${LRM}image omitted`) +
        ios("Ann: image omitted") +
        ios("Ann: This message was deleted.") +
        ios("Ann: <see this: foo>"),
    );
    expect(summary).toMatchObject({ messages: 4, attachments: 1, deleted: 0 });
  });

  it("reads an empty body as a message, with and without the space", async () => {
    const { entries } = await read(
      `[25/03/2024, 15:04:08] Ann: \n[25/03/2024, 15:04:09] Ann:\n${ios("Ann: x")}`,
    );
    expect(entries.map(({ kind, author, body }) => [kind, author, body])).toEqual([
      ["message", "Ann", ""],
      ["message", "Ann", ""],
      ["message", "Ann", "x"],
    ]);
    expect(entries[0]?.meaning.type).toBe("view-once");
  });

  it("counts text before the first message and makes no record of it", async () => {
    const { survey, entries, summary } = await read("exported by the registry\n\n" + android("Ann: hi"));
    expect(survey).toMatchObject({ records: 1, lines: 3 });
    expect(summary.leadingBytes).toBe(26);
    expect(entries).toMatchObject([{ line: 3, offsetBytes: 26 }]);
    expect(summary.warnings).toMatchObject([{ code: "leading-text", line: 1, count: 2 }]);
  });

  it.each([
    "32/13/2024, 15:04",
    "29/02/2023, 15:04",
    "25/03/2024, 25:04",
    "25/03/2024, 15:61",
    "00/03/2024, 15:04",
  ])("rolls no date over: %s begins no record", async (header) => {
    const { entries } = await read(`${android("Ann: a")}${header} - Bob: b\n${android("Ann: c")}`);
    expect(shown(entries)).toEqual([
      `2024-03-25T15:04:00 Ann: a\n${header} - Bob: b`,
      "2024-03-25T15:04:00 Ann: c",
    ]);
  });

  it("warns of a date that no calendar has", async () => {
    const { summary } = await read(`${android("Ann: a")}32/03/2024, 15:04 - Bob: b\n`);
    expect(summary.warnings).toMatchObject([{ code: "date-impossible", line: 2, count: 1 }]);
  });

  it("puts a record that jumps back under suspicion, and an author of one message in a long chat", async () => {
    const chat = Array.from({ length: 30 }, (_, i) =>
      android(`${i % 2 === 0 ? "Ann" : "Bob"}: ${String(i)}`),
    );
    chat[20] = "24/03/2024, 15:04 - Ann: earlier\n";
    chat[25] = android("Mallory: forged");
    const { entries, summary } = await read(chat.join(""));
    expect(
      entries.filter(({ suspect }) => suspect !== undefined).map(({ body, suspect }) => [body, suspect]),
    ).toEqual([
      ["earlier", "earlier-than-previous"],
      ["forged", "author-once"],
    ]);
    expect(codes(summary)).toEqual(["earlier-than-previous", "author-once"]);
  });
});

describe("openExport, on damaged and hostile text", () => {
  it.each([
    ["nothing at all", ""],
    ["prose", "Dear all,\nthe meeting is at 3:15 on 4/3.\n"],
    ["a header with an impossible time only", "25/03/2024, 26:04 - Ann: hi\n"],
    ["many lines before the first message", "x\n".repeat(300) + android("Ann: hi")],
    ["a megabyte before the first message", "x".repeat(1_100_000) + "\n" + android("Ann: hi")],
    ["UTF-16", Buffer.from(`\ufeff${android("Ann: hi")}`, "utf16le")],
    ["UTF-16 the other way round", Buffer.from(`\ufeff${android("Ann: hi")}`, "utf16le").swap16()],
    ["an empty ZIP", Buffer.concat([Buffer.from("PK\u0005\u0006"), Buffer.alloc(18)])],
  ])("refuses %s as no export", async (_, text) => {
    const bytes = Buffer.from(text as string);
    await expect(openExport(bytesSource(bytes), "chat.txt")).rejects.toMatchObject({
      name: "ConnectorError",
      code: "not-an-export",
    });
  });

  it("keeps bytes that are no UTF-8, shows replacements and says so", async () => {
    const bytes = Buffer.concat([
      Buffer.from(android("Ann: ok")),
      Buffer.from("25/03/2024, 15:04 - Bob: caf\xe9\n", "latin1"),
    ]);
    const { entries, summary } = await read(bytes);
    expect(entries[1]?.body).toBe("caf\ufffd");
    expect(entries[1]?.raw.includes(0xe9)).toBe(true);
    expect(summary.warnings).toContainEqual(expect.objectContaining({ code: "not-utf8", line: 2, count: 1 }));
  });

  it("says that characters were lost before Daybook got the file", async () => {
    expect(codes((await read(android("Ann: \ufffd"))).summary)).toContain("characters-lost");
  });

  it("reads NUL characters as text and says so", async () => {
    const { entries, summary } = await read(android("Ann: a\u0000b"));
    expect(entries[0]?.body).toBe("a\u0000b");
    expect(codes(summary)).toContain("nul");
  });

  it.each([262_144, 1_000_003, 20_000_000])(
    "holds only the beginning of a 10 MiB line, in chunks of %d",
    async (chunkBytes) => {
      const long = "x".repeat(10 * 2 ** 20);
      const text = Buffer.from(android("Ann: before") + android(`Ann: ${long}`) + android("Bob: after"));
      const { entries, summary } = await read(text, { chunkBytes });
      expect(entries.map(({ author, raw, lengthBytes }) => [author, raw.length, lengthBytes])).toEqual([
        ["Ann", 32, 32],
        ["Ann", MAX_RECORD_BYTES, long.length + 26],
        ["Bob", 31, 31],
      ]);
      expect(entries[2]).toMatchObject({ body: "after", line: 3, offsetBytes: text.length - 31 });
      expect(summary.warnings).toContainEqual(
        expect.objectContaining({ code: "record-cut", line: 2, count: 1 }),
      );
    },
  );

  it("tells overlong records apart by what was cut", async () => {
    const long = "x".repeat(2 ** 20);
    const [one, other, again] = await Promise.all(
      [`${long}a`, `${long}b`, `${long}a`].map(
        async (body) => (await read(android(`Ann: ${body}`), { chunkBytes: 9_999 })).entries[0],
      ),
    );
    expect(one?.canonicalBody).toBe(again?.canonicalBody);
    expect(one?.canonicalBody).not.toBe(other?.canonicalBody);
  });

  it("holds only the beginning of a record of many lines", async () => {
    const text = android("Ann: start") + "line\n".repeat(400_000) + android("Bob: after");
    const { entries, survey } = await read(text, { chunkBytes: 70_000 });
    expect(entries.map(({ lengthBytes, line }) => [lengthBytes, line])).toEqual([
      [2_000_031, 1],
      [31, 400_002],
    ]);
    expect(survey.lines).toBe(400_002);
  });

  it.each([1, 2, 3, 5, 64, 100_000])("reads the same in chunks of %d bytes", async (chunkBytes) => {
    const text = `\u200f٢٥/٣/٢٠٢٤، ٣:٠٤ م - أحمد: 👍 مرحبا\nسطر\n`.repeat(20);
    const { entries } = await read(text, { chunkBytes });
    expect(entries).toHaveLength(20);
    expect(Buffer.concat(entries.map(({ raw }) => raw)).toString()).toBe(text);
    expect(new Set(entries.map(({ body }) => body))).toEqual(new Set(["👍 مرحبا\nسطر"]));
  });

  it("takes no more than a clock's worth of words for halves of the day", async () => {
    const many = Array.from(
      { length: 60 },
      (_, i) => `3/4/24, 3:04 ${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}x - Ann: hi\n`,
    );
    const { survey } = await read(many.join(""));
    expect(survey.records).toBe(16);
  });
});
