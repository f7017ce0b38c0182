import { ChatDb, FERGUS } from "../../fakes/imessage/index.ts";

const CHATS = 200;
const START = Date.UTC(2024, 0, 1);

/**
 * A `chat.db` of so many messages in 200 conversations, one each minute from `start` on, milliseconds since 1970.
 *
 * @returns it, open: a message more by `say`; what is in its log moved into the file by `settle`
 */
export function writeRows(
  dir: string,
  rows: number,
  start = START,
): { readonly say: () => void; readonly settle: () => void; readonly close: () => void } {
  const db = new ChatDb(dir);
  let written = 0;
  const chats = Array.from({ length: CHATS }, (_, i) => {
    const from = db.handle(`${FERGUS}${String(i)}`);
    return { from, chat: db.chat(`${FERGUS}${String(i)}`, [from]) };
  });
  const say = () => {
    const i = written;
    written += 1;
    const { chat, from } = chats[i % CHATS]!;
    const text = `Message ${i}: the ferry sails at nine, if the pilot is well and the weather holds until then.`;
    const at = new Date(start + i * 60_000);
    db.message({ chat, ...(i % 3 > 0 && { from }), at, name: String(i), runs: [{ text }] });
  };
  db.run("BEGIN");
  while (written < rows) say();
  db.run("COMMIT");
  return { say, settle: () => db.checkpoint(), close: () => db.close() };
}
