import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, ChatDb, FERGUS, guidOf } from "../../../../test/fakes/imessage/index.ts";
import { LiveDatabase } from "../../src/agent/database/live-database.ts";
import { BEGINNING, type Differences, type Place } from "../../src/agent/database/seen-rows.ts";

/** Three parts of a comparison. */
const ROWS = 4_500;
let dir: string;
let messages: ChatDb;
let chat: number;
let live: LiveDatabase;

const say = (name: string, more = {}) =>
  messages.message({ chat, at: at(1), name, runs: [{ text: name }], more });
const texts = (rows: readonly bigint[]) => rows.map(Number).sort((a, b) => a - b);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-live-"));
  messages = new ChatDb(dir);
  chat = messages.chat(FERGUS, [messages.handle(FERGUS)]);
  messages.run("BEGIN");
  for (let i = 1; i <= ROWS; i += 1) say(`row ${i}`);
  messages.run("COMMIT");
  live = LiveDatabase.open(messages.path);
  live.saw(live.read(live.after(0n)));
});
afterAll(() => {
  live.close();
  messages.close();
  rmSync(dir, { recursive: true });
});

/** Compares everything. */
function round(of: LiveDatabase): Pick<Differences, "changed" | "gone"> & { parts: number } {
  const found = { changed: [] as bigint[], gone: [] as Differences["gone"][number][], parts: 0 };
  for (let place: Place | undefined = BEGINNING; place; found.parts += 1) {
    const part: Differences = of.compare(place);
    found.changed.push(...part.changed);
    found.gone.push(...part.gone);
    place = part.next;
  }
  return found;
}

it("finds nothing where nothing was written, however many parts there are", () => {
  expect(round(live)).toEqual({ changed: [], gone: [], parts: 4 });
});

it("finds in any part what was edited, given a file, gone, or is elsewhere", () => {
  messages.edit(2_100, [
    { at: at(1), text: "row 2100" },
    { at: at(2), text: "row 2100, better" },
  ]);
  messages.attachment(10, "late", "~/Library/Messages/Attachments/ab/late.jpg");
  messages.run(
    "PRAGMA foreign_keys = OFF; DELETE FROM message WHERE ROWID IN (5, 4400); UPDATE message SET ROWID = 9000 WHERE ROWID = 2200",
  );
  const { changed, gone } = round(live);
  expect(texts(changed)).toEqual([10, 2_100, 9_000]);
  expect(gone).toEqual([
    { rowid: 5n, guid: guidOf("row 5"), isElsewhere: false },
    { rowid: 2_200n, guid: guidOf("row 2200"), isElsewhere: true },
    { rowid: 4_400n, guid: guidOf("row 4400"), isElsewhere: false },
  ]);
  live.saw(live.read(changed));
  live.forget(gone.map(({ rowid }) => rowid));
  expect(round(live)).toMatchObject({ changed: [], gone: [] });
});

it("knows by their marks, over a restart, which rows are as they were", () => {
  const marks = live.read(live.after(0n)).map(({ rowid, guid, mark }) => ({ rowid, guid, mark }));
  messages.update("message", 100, { date_read: 1 });
  messages.attachment(10, "later", "~/Library/Messages/Attachments/ab/later.jpg");
  const again = LiveDatabase.open(messages.path);
  again.remember(marks.map((one) => (one.rowid === 101n ? { ...one, mark: undefined } : one)));
  again.remember(
    marks.filter(({ rowid }) => rowid === 102n).map((one) => ({ ...one, mark: `0${one.mark}` })),
  );
  // Changed while nobody looked, never marked, and marked by another reading: all of them are read.
  expect(texts(round(again).changed)).toEqual([10, 100, 101, 102]);
  again.close();
});

it("finds by their dates what was changed of late", () => {
  const now = at(1).getTime();
  live.saw(live.read(live.after(0n)));
  messages.update("message", 1_000, { date_edited: 1 });
  expect(texts(live.since(now - 1_000))).toEqual([1_000]);
  expect(live.since(now + 1_000)).toEqual([]);
});

it("says that its tables are others once one has another column", () => {
  expect(live.isRebuilt).toBe(false);
  messages.run("ALTER TABLE message ADD COLUMN of_a_later_system INTEGER");
  expect(live.isRebuilt).toBe(true);
});
