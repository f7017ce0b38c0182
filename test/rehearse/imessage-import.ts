import { join } from "node:path";
import { until } from "../e2e/support/archive.ts";
import type { Daybook } from "../e2e/support/daybook.ts";
import { at, type ChatDb, FERGUS, writeStory } from "../fakes/imessage/index.ts";
import { exported, type Rehearsed } from "./steps.ts";

const OFFICIAL = "Olivia Sinclair";
/** Enough that an import is under way for longer than it takes to kill its server. */
const FLEET = 4_000;
/** With those of the story that are no text messages, the other of the fleet and the late one. */
const MESSAGES = 8 + FLEET + 1 + 1;

interface Imported {
  readonly records: number;
}

/**
 * The messages of an official's Mac from end to end, as an import: a folder as Messages has it, with most of it in the log of
 * its database, is handed over while the database is open; the server is killed in the middle of it, and the import done
 * again; the database grows, by an edit, an unsend and a new message, and is handed over once more. What is left is a package
 * that verifies.
 *
 * @param say told of each step, in words
 */
export async function rehearseIMessageImport(
  daybook: Daybook,
  say: (line: string) => void,
): Promise<Rehearsed> {
  const mac = join(daybook.dir, "Messages");
  const db = writeStory(mac);
  try {
    const fleet = writeFleet(db);
    say(
      "A Mac's folder of messages is made, most of it in the log of the database: no Mac and no Apple is needed.",
    );
    await daybook.up();
    const { id: matter } = await daybook.json<{ id: string }>([
      ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
    ]);
    const importing = () => daybook.json<Imported>(["import", mac, "--custodian", OFFICIAL]);
    const found = async (words: string) =>
      (await daybook.json<{ total: number }>(["search", words, "--limit", "1", "--matter", matter])).total;

    const broken = importing().then(
      () => false,
      () => true,
    );
    await until("the first of the messages", async () => (await found("vessel")) > 0);
    await daybook.stop("SIGKILL");
    if (!(await broken)) throw new Error("the import ended before the server was killed");
    say("The server was killed in the middle of the import.");
    await daybook.up();
    await importing();
    if ((await importing()).records !== 0) throw new Error("something was recorded twice");
    say("It was imported again: what was missing is on record, and nothing is new the third time.");

    db.edit(fleet.asked, [
      { at: at(40), text: "Does the vessel sail?" },
      { at: at(60), text: "Does the vessel ever sail?" },
    ]);
    db.unsend(fleet.said, at(61));
    db.message({ chat: fleet.chat, at: at(62), name: "late", runs: [{ text: "It sails on Sunday." }] });
    const { records } = await importing();
    // And the file itself, which is another one now.
    if (records !== 4) throw new Error(`an edit, an unsend and a message made ${records} records`);
    if ((await found("between")) !== 1) throw new Error("what was unsent is not on record");
    say(
      "A message was edited, one unsent and one written: that alone is new, and what was unsent is still on record.",
    );
    const rehearsed = await exported(daybook, "imessage", ["--matter", matter]);
    const { message } = rehearsed.byKind;
    if (message !== MESSAGES) throw new Error(`${message} of ${MESSAGES} messages are in the package`);
    say(`The conversations are an evidence package, each of ${MESSAGES} messages once, and it verifies.`);
    return rehearsed;
  } finally {
    db.close();
    await daybook.stop();
  }
}

function writeFleet(db: ChatDb): { chat: number; asked: number; said: number } {
  const from = db.handle(FERGUS, "iMessage of the fleet");
  const chat = db.chat("chat400500600", [from], { title: "Fleet" });
  db.run("BEGIN");
  for (let i = 1; i < FLEET; i += 1)
    db.message({
      chat,
      from,
      at: at(100 + i),
      name: `fleet ${i}`,
      runs: [{ text: `The vessel ${i} is in harbour.` }],
    });
  const asked = db.message({
    chat,
    from,
    at: at(40),
    name: "asked",
    runs: [{ text: "Does the vessel sail?" }],
  });
  const said = db.message({
    chat,
    from,
    at: at(41),
    name: "said",
    runs: [{ text: "Between us: not today." }],
  });
  db.run("COMMIT");
  return { chat, asked, said };
}
