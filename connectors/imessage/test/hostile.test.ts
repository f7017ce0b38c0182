import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { at, binaryPlist, ChatDb, FERGUS, guidOf, typedstream } from "../../../test/fakes/imessage/index.ts";
import { entriesOf, folders, read, refusalOf } from "./reading.ts";

const folder = folders();

const texts = async (write: (db: ChatDb, chat: number) => void) =>
  read(await folder(), (db) => {
    write(db, db.chat(FERGUS, [db.handle(FERGUS)]));
  }).map(({ kind, text }) => [kind, text]);

/** A database made by SQL alone. */
async function made(sql: string): Promise<Buffer> {
  const path = join(await folder(), "made.db");
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
  return readFileSync(path);
}

describe("a database that was made to harm", () => {
  it.each([
    [
      "a view in place of its messages",
      "CREATE TABLE t (guid TEXT, date INTEGER); CREATE VIEW message AS SELECT * FROM t",
    ],
    ["a virtual table in place of them", "CREATE VIRTUAL TABLE message USING fts5(guid, date)"],
    ["a table without row ids", "CREATE TABLE message (guid TEXT PRIMARY KEY, date INTEGER) WITHOUT ROWID"],
    ["messages without ids", "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, date INTEGER)"],
    ["nothing of Messages", "CREATE TABLE other (x)"],
  ])("is none of Messages if it has %s", async (_, sql) => {
    const bytes = await made(sql);
    expect(refusalOf(bytes)).toBe("not-an-export");
  });

  it("is read by the tables and columns that it has, whatever triggers and views stand beside them", async () => {
    const bytes = await made(`
      CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, date INTEGER, text TEXT, unknown_of_later TEXT,
        made TEXT AS (hex(zeroblob(100000000))) VIRTUAL);
      CREATE VIEW chat AS WITH RECURSIVE n(ROWID) AS (SELECT 1 UNION ALL SELECT ROWID + 1 FROM n) SELECT * FROM n;
      CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM message; END;
      DROP TRIGGER t;
      INSERT INTO message (guid, date, text, unknown_of_later) VALUES ('a', 794307600, 'words', 'kept');
      CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM message; END;`);
    const [entry, ...others] = entriesOf(bytes);

    expect([entry, others]).toMatchObject([{ text: "words", sentAt: at(0).toISOString() }, []]);
    expect(entry?.raw.toString()).toContain('"unknown_of_later":"kept"');
  });

  it("ends with one clear error where it is damaged, or no database at all", async () => {
    const whole = await made(
      "CREATE TABLE message (guid TEXT, date INTEGER); INSERT INTO message SELECT hex(randomblob(200)), 1 FROM json_each('[1,2,3,4,5,6,7,8,9]')",
    );
    for (const bytes of [
      whole.subarray(0, 100),
      whole.subarray(0, 5_000),
      Buffer.from("SQLite format 3"),
      Buffer.alloc(0),
    ])
      expect(refusalOf(bytes)).toBe("malformed");
    whole.fill(0xff, 4_096 + 8);
    expect(refusalOf(whole)).toBe("malformed");
  });

  it("does not run for ever where one page stands in its tree a thousand times", async () => {
    const rows = 400;
    const bytes = await made(
      `CREATE TABLE message (guid TEXT, date INTEGER); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO message SELECT hex(randomblob(500)), 1 FROM n`,
    );
    const pageBytes = bytes.readUInt16BE(16);
    const root = pageBytes;
    expect(bytes[root]).toBe(5);
    const cells = bytes.readUInt16BE(root + 3);
    const first = bytes.readUInt32BE(root + bytes.readUInt16BE(root + 12));
    for (let i = 0; i < cells; i += 1)
      bytes.writeUInt32BE(first, root + bytes.readUInt16BE(root + 12 + 2 * i));

    expect(refusalOf(bytes)).toBe("malformed");
  });

  it("takes nothing of a log whose checksums, salt or page size are wrong", async () => {
    const dir = await folder();
    const db = new ChatDb(dir);
    db.checkpoint();
    db.message({ chat: db.chat(FERGUS, []), at: at(0), name: "in the log", runs: [{ text: "words" }] });
    const copy = await folder();
    db.copyTo(copy);
    db.close();
    const database = readFileSync(join(copy, "chat.db"));
    const log = readFileSync(join(copy, "chat.db-wal"));
    expect(entriesOf(database, log)).toHaveLength(1);

    for (const damage of [12, 24, 40, 48, 32 + 24 + 2_000, 8]) {
      const damaged = Buffer.from(log);
      damaged.writeUInt8(damaged.readUInt8(damage) ^ 0x40, damage);
      expect(entriesOf(database, damaged)).toEqual([]);
    }
    // With a rest of an earlier use behind it.
    expect(entriesOf(database, Buffer.concat([log, log.subarray(32)]))).toHaveLength(1);
  });
});

describe("a message that was made to harm", () => {
  it("keeps its row where its body is no typedstream, with a notice", async () => {
    expect(
      await texts((db, chat) => {
        db.message({
          chat,
          at: at(0),
          name: "a",
          more: { attributedBody: Buffer.from("streamtyped?"), text: "by text" },
        });
        db.message({ chat, at: at(1), name: "b", more: { attributedBody: Buffer.alloc(100_000, 0x84) } });
      }),
    ).toEqual([
      ["message", "by text"],
      ["notice", expect.stringContaining("its body could not be decoded")],
      ["message", undefined],
      ["notice", expect.stringContaining("its body could not be decoded")],
    ]);
  });

  it("keeps its row where the history of its edits is no property list, or one that names itself", async () => {
    const loop = binaryPlist({ ec: { "0": [] } });
    // The list of versions holds the dictionary that it stands in.
    for (let i = 8; i < loop.length - 32; i += 1) if (loop[i] === 0xa0) loop.set([0xa1, 0, 0], i);
    const said = await texts((db, chat) => {
      for (const [i, message_summary_info] of [
        Buffer.from("bplist00"),
        loop,
        Buffer.alloc(50_000, 0xff),
      ].entries())
        db.message({
          chat,
          at: at(i),
          name: String(i),
          runs: [{ text: "words" }],
          more: { message_summary_info },
        });
    });

    expect(said.filter(([, text]) => text === "words")).toHaveLength(3);
    expect(said.filter(([kind]) => kind === "notice").length).toBeGreaterThanOrEqual(2);
  });

  it("has no time where its date is none, or before and after all that messages have", async () => {
    const dates = [0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, 10n ** 18n * 5n];
    const entries = read(await folder(), (db) => {
      const chat = db.chat(FERGUS, []);
      for (const [i, date] of dates.entries())
        db.message({ chat, at: at(0), name: String(i), runs: [{ text: "words" }], more: { date } });
    });

    expect(entries.filter(({ kind }) => kind === "message").map(({ sentAt }) => sentAt)).toEqual([
      undefined,
      "2000-12-31T23:59:59.000Z",
      undefined,
      undefined,
      undefined,
    ]);
    expect(entries.filter(({ kind }) => kind === "notice")).toHaveLength(3);
  });

  it("is a tapback on itself without being its own target", async () => {
    const entries = read(await folder(), (db) => {
      db.tapback({ chat: db.chat(FERGUS, []), at: at(0), name: "me", on: "me", type: 2000 });
    });

    expect(entries.map(({ kind, target }) => [kind, target])).toEqual([
      ["reaction", undefined],
      ["notice", guidOf("me")],
    ]);
  });

  it.each([
    "~/Library/Messages/Attachments/../../../.ssh/id_rsa",
    "~/Library/Messages/Attachments/a/../../x",
    "/etc/passwd",
    "~/Library/Messages/Attachments/",
    "~/Library/Messages/Attachments//etc/passwd",
    "../Attachments/x",
    "~/Library/Messages/Attachments/a\\..\\x",
    "/Users/a/b/Library/Messages/Attachments/x",
  ])("names no file outside of Attachments: %s", async (filename) => {
    const entries = read(await folder(), (db) => {
      const row = db.message({ chat: db.chat(FERGUS, []), at: at(0), name: "a", runs: [{ text: "words" }] });
      db.attachment(row, "x", filename);
    });

    expect(entries[0]?.files).toMatchObject([{ path: undefined, isOutside: true }]);
  });

  it("is cut to what a record can hold where its values are too large, and says so", async () => {
    const large = 40 * 1024 * 1024;
    const said = read(await folder(), (db) => {
      const chat = db.chat(FERGUS, []);
      db.message({
        chat,
        at: at(0),
        name: "blob",
        runs: [{ text: "words" }],
        more: { payload_data: Buffer.alloc(large) },
      });
      db.message({ chat, at: at(1), name: "text", runs: [{ text: "x".repeat(900_000) }] });
      db.message({
        chat,
        at: at(2),
        name: "control",
        more: { subject: "\u0001".repeat(900_000), text: "short" },
      });
    });

    expect(said.map(({ kind, text }) => [kind, text?.length])).toEqual([
      ["message", 100_000],
      ["notice", expect.any(Number)],
      ["message", 5],
      ["notice", expect.any(Number)],
      ["message", 5],
      ["notice", expect.any(Number)],
    ]);
    for (const { raw } of said) expect(raw.length).toBeLessThanOrEqual(1_000_000);
  });

  it("shares its id with another of other content, and both are there", async () => {
    const bytes = await made(`
      CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, date INTEGER, text TEXT);
      INSERT INTO message (guid, date, text) VALUES ('same', 1, 'a'), ('same', 1, 'b'), (NULL, 1, 'c'), ('', 1, 'd')`);
    const messages = entriesOf(bytes).filter(({ kind }) => kind === "message");

    expect(messages.map(({ text }) => text)).toEqual(["a", "b", "c", "d"]);
    expect(new Set(messages.map(({ eventId, stableDigest }) => eventId + stableDigest)).size).toBe(4);
  });

  it("may name a thousand attachments and more", async () => {
    const [message, notice] = read(await folder(), (db) => {
      const row = db.message({ chat: db.chat(FERGUS, []), at: at(0), name: "a", runs: [{ text: "words" }] });
      for (let i = 0; i < 1_002; i += 1) db.attachment(row, `x${String(i)}`, null);
    });

    expect([message?.files.length, notice?.kind]).toEqual([1_000, "notice"]);
  });

  it("says the same by a mutable string as by another", async () => {
    const runs = [{ text: "words of a mutable string" }];
    expect(
      await texts((db, chat) => {
        db.message({
          chat,
          at: at(0),
          name: "a",
          more: { attributedBody: typedstream(runs, { isMutable: true }) },
        });
      }),
    ).toEqual([["message", runs[0]?.text]]);
  });
});
