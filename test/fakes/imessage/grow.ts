// A Messages that is busy, as a process of its own: in the folder of its first argument it makes a database and goes on writing
// until its standard input ends: messages, edits, unsends, tapbacks, deletions and attachments, each a commit in the log, so that
// a message is there before its attachment is: for a moment, or for long. Says `ready`, and at the end what it did, as JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { at, FERGUS, putAttachment } from "./story.ts";
import { ChatDb } from "./chat-db.ts";

const dir = process.argv[2]!;
const db = new ChatDb(dir);
const from = db.handle(FERGUS);
const chat = db.chat(FERGUS, [from]);
let isOver = false;
process.stdin.resume().once("end", () => (isOver = true));

const did = { messages: 0, edits: 0, unsends: 0, tapbacks: 0, deleted: 0, files: 0 };
const rows: number[] = [];
const say = (n: number) => {
  const name = `message ${n}`;
  const row = db.message({ chat, from, at: at(n), name, runs: [{ text: `Said ${n}` }] });
  did.messages += 1;
  rows.push(row);
  return row;
};
const isUnsent = (n: number) => n % 7 === 3 && n % 5 !== 2;
process.stdout.write("ready\n");
for (let n = 0; !isOver; n += 1) {
  const row = say(n);
  // Of one that was written a while ago.
  const old = rows.at(-8);
  if (n % 5 === 4 && old !== undefined) {
    db.edit(old, [
      { at: at(n - 7), text: `Said ${n - 7}` },
      { at: at(n), text: `Said better ${n - 7}` },
    ]);
    did.edits += 1;
  }
  if (isUnsent(n)) {
    db.unsend(row, at(n + 1));
    did.unsends += 1;
  }
  if (n % 4 === 1) {
    db.tapback({ chat, from, at: at(n), name: `tapback ${n}`, on: `message ${n}`, type: 2001 });
    did.tapbacks += 1;
  }
  if (n % 11 === 10) {
    db.bin(row, chat, at(n + 1));
    did.deleted += 1;
  }
  // Every third is of a message that was written a while ago, and every second is written after its row.
  const of = n % 18 === 17 ? n - 7 : n;
  if (n % 6 === 5 && !isUnsent(of)) {
    const content = Buffer.from(`a picture, made up: ${n}`);
    const put = () => putAttachment(dir, `ab/${n}/picture.jpg`, content);
    const isBefore = n % 12 === 5;
    if (isBefore) put();
    db.attachment(rows[of]!, `file-${n}`, `~/Library/Messages/Attachments/ab/${n}/picture.jpg`, {
      total_bytes: content.length,
    });
    if (!isBefore) put();
    did.files += 1;
  }
  if (n % 50 === 49) db.run("PRAGMA wal_checkpoint(PASSIVE)");
  // On a machine that is slow it goes on for longer: there is not to be all the more to record there.
  await sleep(n < 600 ? 25 : 250);
}
process.stdout.write(`${JSON.stringify(did)}\n`);
