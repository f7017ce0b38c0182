import { at, type ChatDb, FERGUS } from "../../../../../test/fakes/imessage/index.ts";

/** A database with one conversation, and what is said in it. */
export function talk(db: ChatDb) {
  const from = db.handle(FERGUS);
  const chat = db.chat(FERGUS, [from]);
  let n = 0;
  const say = (text: string, { minute = (n += 1), ...more }: { minute?: number; id?: number } = {}) =>
    db.message({
      ...{ chat, from, at: at(minute), name: text },
      runs: [{ text }],
      more: more.id === undefined ? {} : { ROWID: more.id },
    });
  return { chat, from, say };
}

export const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `message ${String(from + i)}`);
