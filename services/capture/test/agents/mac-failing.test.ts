import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { macMessagesReader } from "@daybook/imessage";
import { mountSmallDisk } from "../../../../test/faults/small-disk.ts";
import { at, guidOf, PHOTO, putAttachment } from "../../../../test/fakes/imessage/index.ts";
import { Mac, simple } from "./mac.ts";
import { Intake, until } from "./support.ts";

const DAY_MS = 86_400_000;
const stage = new Intake("mac-imessage");
const dir = mkdtempSync(join(tmpdir(), "daybook-mac-disk-"));
const disk = mountSmallDisk(join(dir, "disk"), 4);
if (!disk) console.warn("cannot mount a tmpfs here: a full disk was not tried. Run as root on Linux.");
beforeAll(() => stage.start({ readers: [macMessagesReader] }), 240_000);
afterAll(async () => {
  await stage.stop();
  disk?.unmount();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

const saying =
  ({ db, chat, from }: ReturnType<typeof simple>) =>
  (name: string) =>
    db.message({ chat, from, at: at(1), name, runs: [{ text: name }] });
const targets = (mac: Mac) => mac.records("delete").map(({ target }) => target);

(disk ? it : it.skip)(
  "loses nothing that happens while its disk is full: messages, edits, and what goes to Recently Deleted",
  async () => {
    const mac = new Mac(stage, { disk: disk!.path });
    const of = simple(mac);
    const say = saying(of);
    const [binned, edited] = [say("binned"), say("edited")];
    await mac.enrol();
    mac.start();
    await mac.untilRecorded("message", 2);
    await until(() => mac.log.join("").includes("the server has all of them"));
    disk!.fill();
    say("while it is full");
    of.db.bin(binned, of.chat, at(2));
    of.db.edit(edited, [
      { at: at(1), text: "edited" },
      { at: at(2), text: "edited more" },
    ]);
    const refused = () => mac.log.join("").match(/the agent's disk takes nothing/g)?.length ?? 0;
    await until(() => refused() >= 5);
    expect(mac.records("message")).toHaveLength(2);
    await disk!.makeRoom();
    await mac.untilRecorded("delete", 1);
    await mac.untilRecorded("message", 3);
    await mac.untilRecorded("edit", 1);
    expect(targets(mac)).toEqual([guidOf("binned")]);
    expect(mac.records("gap")).toEqual([]);
    of.db.close();
    await mac.stop();
  },
);

(disk ? it : it.skip)("goes on once its disk takes again that a batch was answered", async () => {
  const mac = new Mac(stage, { disk: disk!.path });
  rmSync(join(mac.home.dir, "agent.db"), { force: true });
  const of = simple(mac);
  const say = saying(of);
  await mac.enrol();
  mac.start();
  say("before");
  await mac.untilRecorded("message", 1);
  // It fills after a batch was sent, and before its answer is noted.
  stage.rig.publisher.before = () => disk!.fill();
  say("answered in vain");
  await mac.untilRecorded("message", 2);
  stage.rig.publisher.before = undefined;
  await until(() => mac.log.join("").includes("the agent's disk does not take that"));
  await disk!.makeRoom();
  // Then it holds the answer, and after a restart it still does.
  const agreed = () => mac.log.join("").match(/the server has all of them/g)?.length ?? 0;
  const before = agreed();
  mac.time += 3_600_000;
  await until(() => agreed() > before);
  await mac.stop();
  mac.start();
  await until(() => agreed() > before + 1 || mac.records("gap").length > 0);
  expect(mac.records("gap")).toEqual([]);
  say("after");
  await mac.untilRecorded("message", 3);
  of.db.close();
  await mac.stop();
});

(disk ? it : it.skip)("keeps no copies of files that its disk had no room to hand over", async () => {
  const mac = new Mac(stage, { disk: disk!.path });
  rmSync(join(mac.home.dir, "agent.db"), { force: true });
  const of = simple(mac);
  await mac.enrol();
  mac.start();
  const picture = Buffer.alloc(1_500_000, 1);
  of.db.run("BEGIN");
  for (const name of ["first", "second", "third"]) {
    putAttachment(mac.messages, `ab/${name}.jpg`, picture);
    of.db.attachment(saying(of)(name), name, `~/Library/Messages/Attachments/ab/${name}.jpg`, {
      total_bytes: picture.length,
    });
  }
  of.db.run("COMMIT");
  await until(() => (mac.log.join("").match(/the agent's disk takes nothing/g)?.length ?? 0) >= 3);
  const copies = () => readdirSync(join(mac.home.dir, "parts"));
  await until(() => copies().length === 0);
  disk!.resize(16);
  await mac.untilRecorded("message", 3);
  // The same bytes came thrice in one batch.
  await until(() => copies().length === 0);
  of.db.close();
  await mac.stop();
  disk!.resize(4);
});

(disk ? it : it.skip)(
  "outlives a database that it cannot read while its disk is full, and tells of it",
  async () => {
    const mac = new Mac(stage, { disk: disk!.path });
    rmSync(join(mac.home.dir, "agent.db"), { force: true });
    const of = simple(mac);
    saying(of)("before");
    await mac.enrol();
    mac.start();
    await mac.untilRecorded("message", 1);
    await until(() => mac.log.join("").includes("the server has all of them"));
    disk!.fill();
    of.db.close();
    rmSync(join(mac.messages, "chat.db"));
    await until(() => mac.log.join("").includes("database-missing"));
    mac.time += 61_000;
    await until(() => mac.log.join("").includes("does not take that the database cannot be read"));
    await disk!.makeRoom();
    await mac.untilRecorded("gap", 1);
    await mac.stop();
  },
);

it("says that the database is locked while it is, and has what was written then once it is not", async () => {
  const mac = new Mac(stage);
  const of = simple(mac);
  const say = saying(of);
  // As before a system's update: without a log, in which readers wait for whoever writes.
  of.db.run("PRAGMA journal_mode = DELETE");
  const edited = say("before");
  await mac.enrol();
  mac.start();
  await mac.untilRecorded("message", 1);
  const before = stage.rig.publisher.records.length;
  of.db.run("BEGIN EXCLUSIVE");
  say("while it is locked");
  of.db.edit(edited, [
    { at: at(1), text: "before" },
    { at: at(2), text: "before, and better" },
  ]);
  await until(() => mac.alerts.includes("device-database-locked"));
  mac.time += 61_000;
  const [gap] = await mac.untilRecorded("gap", 1);
  expect(gap?.gap?.why).toContain("could not be read");
  of.db.run("COMMIT");
  await mac.untilRecorded("message", 2);
  await mac.untilRecorded("edit", 1);
  await until(() => !mac.alerts.includes("device-database-locked"));
  expect(stage.rig.publisher.records.length).toBe(before + 3);
  of.db.close();
  await mac.stop();
});

it.each([
  ["ahead", 3 * DAY_MS],
  ["behind", -3 * DAY_MS],
])(
  "loses and refuses nothing where the Mac's clock is days %s for a while, and the gateway says so",
  async (way, off) => {
    const mac = new Mac(stage);
    const of = simple(mac);
    const say = saying(of);
    await mac.enrol();
    mac.start();
    say("right");
    const late = say("with a file");
    await mac.untilRecorded("message", 2);
    of.db.attachment(late, `late ${way}`, `~/Library/Messages/Attachments/ab/late-${way}.jpg`, {
      total_bytes: PHOTO.length,
    });
    await until(() => mac.log.join("").includes("the server has all of them"));
    mac.time += off;
    const loose = of.db.insert("message", { guid: guidOf(`loose ${way}`), date: 1, is_from_me: 1 });
    say("wrong");
    await mac.untilRecorded("message", 3);
    await until(() => mac.alerts.includes("clock-wrong"));
    mac.time -= off;
    of.db.insert("chat_message_join", { chat_id: of.chat, message_id: loose, message_date: 1 });
    putAttachment(mac.messages, `ab/late-${way}.jpg`, PHOTO);
    say("right again");
    await mac.untilRecorded("message", 5);
    await until(() => !mac.alerts.includes("clock-wrong"));
    mac.time += 60_000;
    const [file] = await mac.untilRecorded("notice", 1);
    expect(file).toMatchObject({ target: guidOf("with a file"), attachments: [{ sizeBytes: PHOTO.length }] });
    of.db.close();
    await mac.stop();
  },
);

it("does not take the Mac's clock for wrong while what waited for a day is handed over", async () => {
  const mac = new Mac(stage);
  const of = simple(mac);
  await mac.enrol();
  mac.start();
  stage.rig.publisher.faults.push("lost");
  saying(of)("waits");
  await until(() => mac.log.join("").includes("the server does not answer"));
  mac.time += DAY_MS;
  stage.time += DAY_MS;
  await until(() => mac.log.join("").includes("the server answers again"));
  expect(mac.records("message")).toHaveLength(1);
  expect(mac.alerts).not.toContain("clock-wrong");
  of.db.close();
  await mac.stop();
});

it("leaves in the database what its spool has no room for, says so, and hands it over when there is room", async () => {
  const mac = new Mac(stage, { maxSpoolBytes: 20_000 });
  const of = simple(mac);
  const say = saying(of);
  await mac.enrol();
  const { port } = new URL(stage.url);
  await stage.close();
  mac.start();
  const names = Array.from({ length: 60 }, (_, i) => `message ${String(i)}`);
  for (const name of names.slice(0, 10)) say(`${name}${" and more".repeat(200)}`);
  await until(() => mac.log.join("").includes("the spool is full"));
  const edited = say(names[10]!);
  of.db.edit(edited, [
    { at: at(1), text: names[10]! },
    { at: at(2), text: "edited while it is full" },
  ]);
  for (const name of names.slice(11)) say(name);
  await stage.open({ readers: [macMessagesReader], at: { host: "127.0.0.1", port: Number(port) } });
  await until(() => mac.alerts.includes("device-spool-full"));
  await mac.untilRecorded("message", 60);
  await mac.untilRecorded("edit", 1);
  await until(() => !mac.alerts.includes("device-spool-full"));
  expect(new Set(mac.records("message").map(({ networkId }) => networkId)).size).toBe(60);
  expect(mac.records("gap")).toEqual([]);
  of.db.close();
  await mac.stop();
});
