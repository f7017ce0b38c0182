import { readFileSync } from "node:fs";
import { at, ChatDb, FERGUS, guidOf, nanoseconds } from "../../../test/fakes/imessage/index.ts";
import { entriesOf, folders, read } from "./reading.ts";

const folder = folders();

/** What tells events apart, of two copies of one database. */
async function grown(
  write: (db: ChatDb) => { row: number; chat: number },
  change: (db: ChatDb, of: { row: number; chat: number }) => void,
): Promise<{ before: string[]; added: string[] }> {
  const db = new ChatDb(await folder());
  const of = write(db);
  const idsNow = async () => {
    db.checkpoint();
    const entries = entriesOf(readFileSync(db.path));
    return entries.map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`);
  };
  const before = await idsNow();
  change(db, of);
  const after = await idsNow();
  db.close();
  return { before, added: after.filter((id) => !before.includes(id)) };
}

const one = (db: ChatDb) => {
  const chat = db.chat(FERGUS, [db.handle(FERGUS)]);
  return { chat, row: db.message({ chat, at: at(0), name: "one", runs: [{ text: "before" }] }) };
};
const idsOf = (added: readonly string[]) => added.map((id) => id.split(" ")[0]);

describe("a later copy of a database", () => {
  it("adds the edit of a message, and leaves the message what it was", async () => {
    const { added } = await grown(one, (db, { row }) => {
      db.edit(row, [
        { at: at(0), text: "before" },
        { at: at(1), text: "after" },
      ]);
    });

    expect(idsOf(added)).toEqual([`${guidOf("one")}/0/794307660.000001`]);
  });

  it("adds that a message was unsent, and nothing in place of the message", async () => {
    const { added } = await grown(one, (db, { row }) => {
      db.unsend(row, at(1));
    });

    expect(idsOf(added)).toEqual([`${guidOf("one")}/0/unsent`]);
  });

  it("adds that a message was deleted, and when", async () => {
    const { added } = await grown(one, (db, { row, chat }) => {
      db.bin(row, chat, at(1));
    });

    expect(idsOf(added)).toEqual([`${guidOf("one")}/deleted/${String(nanoseconds(at(1)))}`]);
  });

  it("adds that a message was read, and no more where delivery and ROWIDs change", async () => {
    const { added } = await grown(one, (db, { row }) => {
      db.run("PRAGMA foreign_keys = OFF");
      db.update("message", row, {
        date_read: nanoseconds(at(2)),
        is_read: 1,
        is_delivered: 1,
        date_delivered: nanoseconds(at(1)),
        ck_record_id: "moved",
        ROWID: 900,
      });
      db.run("UPDATE chat_message_join SET message_id = 900");
    });

    expect(idsOf(added)).toEqual([`${guidOf("one")}/read`]);
  });

  it("adds rows that arrive late with an old date", async () => {
    const { added } = await grown(one, (db, { chat }) => {
      db.message({ chat, at: at(-5_000), name: "synced", runs: [{ text: "old" }] });
    });

    expect(idsOf(added)).toEqual([guidOf("synced")]);
  });

  it("has two records of one id where their contents differ", async () => {
    const [first] = read(await folder(), (db) => void one(db));
    const [second] = read(await folder(), (db) => {
      const { row } = one(db);
      db.update("message", row, { date: nanoseconds(at(9)) });
    });

    expect([first?.eventId, first?.stableDigest === second?.stableDigest]).toEqual([second?.eventId, false]);
  });
});
