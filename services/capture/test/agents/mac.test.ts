import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@daybook/contract";
import { macMessagesReader } from "@daybook/imessage";
import {
  at,
  ChatDb,
  FERGUS,
  guidOf,
  nanoseconds,
  PHOTO,
  writeStory,
} from "../../../../test/fakes/imessage/index.ts";
import { entriesOf } from "../../../../connectors/imessage/test/reading.ts";
import { Mac, simple } from "./mac.ts";
import { Intake, until } from "./support.ts";

const stage = new Intake("mac-imessage");
beforeAll(() => stage.start({ readers: [macMessagesReader] }), 240_000);
afterAll(() => stage.stop(), 120_000);

const whys = (events: readonly Event[]) => events.map(({ gap }) => gap?.why).join("\n");
const texts = (events: readonly Event[]) => events.map(({ text }) => text);

it("records everything that an import of the same database has, by the same ids, as captured", async () => {
  const mac = new Mac(stage);
  const db = writeStory(mac.messages);
  await mac.enrol();
  mac.start();
  const told = entriesOf(readFileSync(db.path), readFileSync(`${db.path}-wal`));
  const ofMac = () =>
    stage.rig.publisher.records.filter(
      ({ event }) => event.account === stage.registry.known.get(mac.id)?.account,
    );
  await until(() => ofMac().length >= told.length);
  const ids = (all: readonly { eventId: string; stableDigest: string; event?: Event }[]) =>
    all.map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`).sort();
  expect(ids(ofMac())).toEqual(ids(told));
  const said = (all: readonly Omit<Partial<Event>, "raw">[]) =>
    all
      .map(({ kind, network, conversation, sentAt, text, target, replyTo, direction }) =>
        JSON.stringify([kind, network, conversation, sentAt, text, target, replyTo, direction]),
      )
      .sort();
  expect(said(ofMac().map(({ event }) => event))).toEqual(said(told));
  const picture = ofMac().find(({ event }) => event.networkId === guidOf("photo"));
  expect(picture?.event.attachments).toMatchObject([{ name: "pier.jpg", sizeBytes: PHOTO.length }]);
  expect(picture?.event).toMatchObject({ method: "device-agent", provenance: "captured" });
  expect(picture?.event.recipients).toMatchObject([{ id: "+447700900001", name: "Ada" }]);
  db.close();
  await mac.stop();
  // No word of a message is in what the agent says or leaves on its disk.
  expect(mac.log.join("")).not.toContain("ferry");
}, 120_000);

it("records an edit, an unsend, a tapback, a deletion and a disappearance once, while Messages goes on", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  const say = (name: string) => db.message({ chat, from, at: at(1), name, runs: [{ text: `${name} said` }] });
  const [edited, unsent, binned, gone] = ["edited", "unsent", "binned", "gone"].map(say) as [
    number,
    number,
    number,
    number,
  ];
  await mac.enrol();
  mac.start();
  await mac.untilRecorded("message", 4);
  db.edit(edited, [
    { at: at(1), text: "edited said" },
    { at: at(2), text: "edited said more" },
  ]);
  db.tapback({ chat, from, at: at(3), name: "liked", on: "edited", type: 2001 });
  await mac.untilRecorded("edit", 1);
  await mac.untilRecorded("reaction", 1);
  db.unsend(unsent, at(4));
  db.bin(binned, chat, at(5));
  db.run(
    `DELETE FROM chat_message_join WHERE message_id = ${gone}; DELETE FROM message WHERE ROWID = ${gone}`,
  );
  const deleted = await mac.untilRecorded("delete", 3);
  expect(texts(deleted).sort()).toEqual([
    "Deleted by the custodian: in Recently Deleted",
    "Gone from the Mac's database: who deleted it, and when, is not known",
    "Unsent by its sender",
  ]);
  expect(deleted.map(({ target }) => target).sort()).toEqual(
    [unsent, binned, gone].map((_, i) => guidOf(["unsent", "binned", "gone"][i]!)).sort(),
  );
  expect(new Set(deleted.map(({ conversation }) => conversation?.title))).toEqual(new Set([FERGUS]));
  const before = stage.rig.publisher.published.length;
  db.update("message", edited, { is_delivered: 1, date_delivered: nanoseconds(at(6)) });
  db.message({ chat, from, at: at(7), name: "after", runs: [{ text: "after it" }] });
  await mac.untilRecorded("message", 5);
  // The delivery is no event, and nothing else was handed over again.
  expect(stage.rig.publisher.published.length).toBe(before + 1);
  await mac.stop();
  mac.start();
  db.message({ chat, from, at: at(8), name: "restarted", runs: [{ text: "after a restart" }] });
  await mac.untilRecorded("message", 6);
  expect(stage.rig.publisher.published.length).toBe(before + 2);
  db.close();
  await mac.stop();
}, 120_000);

it.each(["lost", "kept"] as const)(
  "has one record of each where the server's disk fails: %s",
  async (fault) => {
    const mac = new Mac(stage);
    const { db, chat, from } = simple(mac);
    await mac.enrol();
    stage.rig.publisher.faults.push(fault, fault);
    for (const name of ["one", "two"]) db.message({ chat, from, at: at(1), name, runs: [{ text: name }] });
    mac.start();
    expect(texts(await mac.untilRecorded("message", 2))).toEqual(["one", "two"]);
    await until(() => stage.rig.publisher.faults.length === 0);
    expect(mac.records("message")).toHaveLength(2);
    db.close();
    await mac.stop();
  },
  120_000,
);

it("keeps what was unsent while the server was away, over a restart, and hands it over then", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  await mac.enrol();
  const { port } = new URL(stage.url);
  await stage.close();
  mac.start();
  const row = db.message({ chat, from, at: at(1), name: "away", runs: [{ text: "said while away" }] });
  await until(() => mac.log.join("").includes("the server does not answer"));
  await mac.stop();
  db.unsend(row, at(2));
  mac.start();
  mac.time += 30 * 86_400_000;
  await stage.open({ readers: [macMessagesReader], at: { host: "127.0.0.1", port: Number(port) } });
  expect(texts(await mac.untilRecorded("message", 1))).toEqual(["said while away"]);
  await mac.untilRecorded("delete", 1);
  expect(mac.records("gap")).toEqual([]);
  db.close();
  await mac.stop();
}, 120_000);

it("tells of another database in place of the one before, reads all of it, and deletes nothing", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  db.message({ chat, from, at: at(1), name: "first life", runs: [{ text: "first" }] });
  await mac.enrol();
  mac.start();
  await mac.untilRecorded("message", 1);
  db.close();
  renameSync(mac.messages, `${mac.messages}.before`);
  const second = simple(mac);
  second.db.message({ ...second, at: at(2), name: "second life", runs: [{ text: "second" }] });
  await mac.untilRecorded("message", 2);
  expect(whys(mac.records("gap"))).toMatch(/^The messages database on the Mac is another than before[^\n]*$/);
  expect(mac.records("delete")).toEqual([]);
  second.db.close();
  await mac.stop();
}, 120_000);

it.each([
  ["damaged", "database-damaged", (path: string) => writeFileSync(path, "no database at all".repeat(500))],
  ["gone", "database-missing", (path: string) => rmSync(path)],
])(
  "says that the database is %s, has a gap of it, and goes on when it can be read",
  async (_, problem, harm) => {
    const mac = new Mac(stage);
    const { db, chat, from } = simple(mac);
    db.message({ chat, from, at: at(1), name: "before it", runs: [{ text: "before" }] });
    await mac.enrol();
    mac.start();
    await mac.untilRecorded("message", 1);
    db.checkpoint();
    db.close();
    const path = join(mac.messages, "chat.db");
    const whole = readFileSync(path);
    rmSync(path);
    for (const end of ["-wal", "-shm"]) rmSync(path + end, { force: true });
    writeFileSync(path, whole);
    harm(path);
    await until(() => mac.log.join("").includes(problem));
    mac.time += 61_000;
    expect(whys(await mac.untilRecorded("gap", 1))).toContain("could not be read");
    rmSync(path, { force: true });
    writeFileSync(path, whole);
    await until(() => mac.log.join("").includes("can be read again"));
    expect(mac.records("message")).toHaveLength(1);
    await mac.stop();
  },
  120_000,
);

it("does not take a database without ids for one of Messages", async () => {
  const mac = new Mac(stage);
  const db = new ChatDb(mac.messages);
  db.run("DROP TABLE message; CREATE TABLE message (ROWID INTEGER PRIMARY KEY, date INTEGER)");
  await mac.enrol();
  mac.start();
  await until(() => mac.log.join("").includes("schema-unknown"));
  db.close();
  await mac.stop();
}, 120_000);

it("gives what waits new numbers where the server has forgotten or knows better, and goes on", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  await mac.enrol();
  // What the agent keeps is put back to how it was before.
  mac.start();
  db.message({ chat, from, at: at(1), name: "a", runs: [{ text: "a" }] });
  await mac.untilRecorded("message", 1);
  await mac.stop();
  const saved = readFileSync(join(mac.home.dir, "agent.db"));
  mac.start();
  db.message({ chat, from, at: at(2), name: "b", runs: [{ text: "b" }] });
  await mac.untilRecorded("message", 2);
  await mac.stop();
  writeFileSync(join(mac.home.dir, "agent.db"), saved);
  for (const end of ["-wal", "-shm"]) rmSync(join(mac.home.dir, `agent.db${end}`), { force: true });
  db.message({ chat, from, at: at(3), name: "c", runs: [{ text: "c" }] });
  mac.start();
  expect(texts(await mac.untilRecorded("message", 3))).toEqual(["a", "b", "c"]);
  db.close();
  await mac.stop();
}, 120_000);

it("stops, and says why, once it was revoked", async () => {
  const mac = new Mac(stage);
  const { db } = simple(mac);
  await mac.enrol();
  mac.start();
  stage.registry.change(mac.id, { standing: "revoked" });
  await stage.agents?.look();
  db.message({ chat: 1, at: at(1), name: "too late", runs: [{ text: "too late" }] });
  await expect(mac.running).rejects.toMatchObject({ code: "unlinked" });
  expect(mac.records("message")).toEqual([]);
  db.close();
}, 120_000);

it("proves by test messages that Messages hears, wakes it where it does not, and has a gap where that is of no use", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  await mac.enrol();
  const sent = join(mac.dir, "sent");
  const woken = join(mac.dir, "woken");
  const program = (name: string, script: string) => {
    const path = join(mac.dir, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const send = program("send", `printf %s "$1" > ${sent}.new && mv ${sent}.new ${sent}`);
  const wake = [program("wake", `touch ${woken}`)];
  const takeSent = () => {
    const words = readFileSync(sent, "utf8");
    rmSync(sent);
    return words;
  };
  const arrives = (words: string) =>
    db.message({ chat, from, at: at(1), name: words, runs: [{ text: words }] });
  mac.start({ send, wake, everyMs: 100, withinMs: 60_000 });
  await until(() => existsSync(sent));
  mac.time += 1_000;
  const words = takeSent();
  const test = arrives(words);
  const [live] = await mac.untilRecorded("coverage", 1);
  expect(live?.coverage?.state).toBe("live");
  // Somebody looks at it, and cleans up.
  db.update("message", test, { date_read: nanoseconds(at(2)), is_read: 1 });
  const other = db.message({ chat, from, at: at(3), name: "ordinary", runs: [{ text: "ordinary" }] });
  expect(texts(await mac.untilRecorded("message", 1))).toEqual(["ordinary"]);
  db.run(`DELETE FROM message WHERE ROWID IN (${test}, ${other})`);
  const [deleted] = await mac.untilRecorded("delete", 1);
  expect(deleted?.target).toBe(guidOf("ordinary"));
  expect(mac.records("receipt")).toEqual([]);
  // One that says something else by now is a message.
  const edited = db.message({ chat, from, at: at(1), name: "again", runs: [{ text: words }] });
  db.edit(edited, [
    { at: at(1), text: words },
    { at: at(4), text: "We meet at nine." },
  ]);
  expect(texts(await mac.untilRecorded("edit", 1))).toEqual(["We meet at nine."]);
  await mac.stop();

  rmSync(sent, { force: true });
  mac.start({ send, wake, everyMs: 100, withinMs: 500 });
  await until(() => existsSync(woken));
  // Its clock has to say so, too.
  mac.time += 10_000;
  await until(() => mac.records("gap").length > 0);
  expect(whys(mac.records("gap"))).toContain("A test message did not arrive");
  await until(() => mac.log.join("").includes("the channel is deaf"));
  expect(mac.records("message")).toHaveLength(2);
  await mac.stop();
  db.close();
}, 120_000);
