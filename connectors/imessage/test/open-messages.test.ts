import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { at, ChatDb, FERGUS, guidOf, writeStory } from "../../../test/fakes/imessage/index.ts";
import { openMessages } from "../src/open-messages.ts";
import type { Entry } from "../src/reading/entry.ts";
import { entriesOf, folders, member } from "./reading.ts";

const folder = folders();

const supplied = (database: Uint8Array, log?: Uint8Array) => ({
  database: member("chat.db", database),
  log: log && member("chat.db-wal", log),
  attachment: () => undefined,
});

/** A database of so many messages, each with a text of so many characters. */
async function rows(count: number, characters: number): Promise<Buffer> {
  const db = new ChatDb(await folder());
  const chat = db.chat(FERGUS, [db.handle(FERGUS)]);
  db.run("BEGIN");
  for (let i = 0; i < count; i += 1)
    db.message({ chat, at: at(i), name: String(i), runs: [{ text: `${i} ${"x".repeat(characters)}` }] });
  db.run("COMMIT");
  db.close();
  return readFileSync(db.path);
}

describe("a messages database that is read in a process of its own", () => {
  it("tells all that it holds, log included, as it does without a process", async () => {
    const dir = await folder();
    const db = writeStory(dir);
    const [database, log] = [join(dir, "chat.db"), join(dir, "chat.db-wal")].map((path) =>
      readFileSync(path),
    );
    db.close();
    if (!database || !log) throw new Error("no database");

    await using messages = await openMessages(supplied(database, log));
    const told: Entry[] = [];
    for await (const entry of messages.entries()) told.push(entry);
    expect(told).toEqual(entriesOf(database, log));
    expect(told.length).toBeGreaterThan(20);
  });

  it("tells every row in its order, over many batches", async () => {
    await using messages = await openMessages(supplied(await rows(1_001, 10)));
    const ids: string[] = [];
    for await (const { eventId } of messages.entries()) ids.push(eventId);
    expect(ids).toEqual(Array.from({ length: 1_001 }, (_, i) => guidOf(String(i))));
  });

  it("may be left before its end, and closed again", async () => {
    const messages = await openMessages(supplied(await rows(500, 5)));
    let first: string | undefined;
    for await (const { eventId } of messages.entries()) {
      first = eventId;
      break;
    }
    await messages[Symbol.asyncDispose]();
    await messages[Symbol.asyncDispose]();
    expect(first).toBe(guidOf("0"));
  });

  it("says that it is none, or damaged, when it is opened or where the damage lies", async () => {
    await expect(openMessages(supplied(Buffer.from("no database")))).rejects.toMatchObject({
      code: "malformed",
    });
    const damaged = await rows(2_000, 200);
    damaged.fill(0xff, damaged.length - 40_000);
    await expect(
      (async () => {
        await using messages = await openMessages(supplied(damaged));
        for await (const _ of messages.entries());
      })(),
    ).rejects.toMatchObject({ code: "malformed" });
  });

  it("ends alone where its rows need more memory than it may take", async () => {
    const path = join(await folder(), "made.db");
    const db = new DatabaseSync(path);
    db.exec(`CREATE TABLE message (guid TEXT, date INTEGER);
      CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
      INSERT INTO chat_message_join SELECT 1, i FROM n`);
    db.close();
    const supply = supplied(readFileSync(path));

    await expect(openMessages(supply, { heapMib: 32 })).rejects.toMatchObject({ code: "too-large" });
    await using messages = await openMessages(supply);
    for await (const entry of messages.entries()) throw new Error(`there is none: ${entry.eventId}`);
  });
});
