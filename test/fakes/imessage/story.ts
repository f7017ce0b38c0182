import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ChatDb, guidOf, nanoseconds, OBJECT_CHARACTER } from "./chat-db.ts";

export const FERGUS = "+447700900002";
export const MAIRI = "mairi@harbour.example";
export const PHOTO = Buffer.from("a photo of the pier, made up");
/** What nobody could read any more, unless it was captured before. */
export const UNSENT = "unsent";

const day = Date.UTC(2026, 2, 4, 9);
/** Minutes after nine on the day of the story. */
export const at = (minute: number): Date => new Date(day + minute * 60_000);

/** One of everything that Messages keeps, in a folder as a Mac has it: database, and attachments beside it. */
export function writeStory(dir: string): ChatDb {
  const db = new ChatDb(dir);
  const fergus = db.handle(FERGUS);
  const mairi = db.handle(MAIRI);
  const sms = db.handle(FERGUS, "SMS");
  const direct = db.chat(FERGUS, [fergus]);
  const group = db.chat("chat100200300", [fergus, mairi], { title: "Ferries" });
  const texts = db.chat(FERGUS, [sms], { service: "SMS" });

  db.message({
    chat: direct,
    from: fergus,
    at: at(0),
    name: "ask",
    runs: [{ text: "Can the ferry sail on Friday? 🚢" }],
  });
  db.message({
    chat: direct,
    at: at(1),
    name: "answer",
    runs: [{ text: "I will ask the pilot." }],
    more: { date_read: nanoseconds(at(2)), is_read: 1 },
  });
  const edited = db.message({
    chat: direct,
    from: fergus,
    at: at(3),
    name: "edited",
    runs: [{ text: "The pilot is il." }],
  });
  db.edit(edited, [
    { at: at(3), text: "The pilot is il." },
    { at: at(4), text: "The pilot is ill." },
    { at: at(5), text: "The pilot is very ill." },
  ]);
  const unsent = db.message({
    chat: direct,
    from: fergus,
    at: at(6),
    name: UNSENT,
    runs: [{ text: "oops" }],
  });
  db.unsend(unsent, at(7));
  db.tapback({ chat: direct, from: fergus, at: at(8), name: "liked", on: "answer", type: 2001 });
  db.tapback({
    chat: direct,
    from: fergus,
    at: at(9),
    name: "unliked",
    on: "answer",
    type: 3001,
    verb: "Removed",
  });
  db.tapback({
    chat: direct,
    at: at(10),
    name: "sailed",
    on: "ask",
    type: 2006,
    emoji: "⛵",
    verb: "Reacted to",
  });
  db.message({
    chat: direct,
    at: at(11),
    name: "reply",
    runs: [{ text: "It sails on Saturday." }],
    more: { thread_originator_guid: guidOf("ask"), thread_originator_part: "0:0:32" },
  });
  const photo = db.message({
    chat: direct,
    from: fergus,
    at: at(12),
    name: "photo",
    runs: [
      { text: OBJECT_CHARACTER, fileGuid: "at_0_photo" },
      { text: "The pier", part: 1 },
    ],
    more: { cache_has_attachments: 1, part_count: 2 },
  });
  db.attachment(photo, "at_0_photo", "~/Library/Messages/Attachments/ab/11/at_0_photo/pier.jpg", {
    total_bytes: PHOTO.length,
  });
  const gone = db.message({
    chat: direct,
    from: fergus,
    at: at(13),
    name: "gone",
    runs: [{ text: OBJECT_CHARACTER, fileGuid: "at_0_gone" }],
    more: { cache_has_attachments: 1 },
  });
  db.attachment(gone, "at_0_gone", "~/Library/Messages/Attachments/cd/12/at_0_gone/chart.jpg");
  const binned = db.message({
    chat: direct,
    at: at(14),
    name: "binned",
    runs: [{ text: "Tell nobody of the lightship." }],
  });
  db.bin(binned, direct, at(15));
  db.insert("deleted_messages", { guid: guidOf("long ago") });

  db.message({
    chat: group,
    from: fergus,
    at: at(20),
    name: "named",
    more: { item_type: 2, group_title: "Ferries" },
  });
  db.message({
    chat: group,
    from: fergus,
    at: at(21),
    name: "added",
    more: { item_type: 1, group_action_type: 0, other_handle: mairi },
  });
  db.message({
    chat: group,
    from: mairi,
    at: at(22),
    name: "hello",
    runs: [{ text: "Good morning, harbour office here." }],
  });
  db.message({
    chat: group,
    from: mairi,
    at: at(23),
    name: "left",
    more: { item_type: 3, group_action_type: 0 },
  });

  db.message({
    chat: texts,
    from: sms,
    at: at(30),
    name: "sms",
    runs: [{ text: "By text, for I have no signal" }],
    more: { service: "SMS" },
  });
  putAttachment(dir, "ab/11/at_0_photo/pier.jpg", PHOTO);
  return db;
}

/** Puts a file where Messages keeps them, beside the database. */
export function putAttachment(dir: string, path: string, content: Uint8Array): void {
  const target = join(dir, "Attachments", path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}
