import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@daybook/contract";
import { macMessagesReader } from "@daybook/imessage";
import {
  at,
  type ChatDb,
  guidOf,
  OBJECT_CHARACTER,
  PHOTO,
  putAttachment,
} from "../../../../test/fakes/imessage/index.ts";
import { Mac, simple } from "./mac.ts";
import { Intake, until } from "./support.ts";

const stage = new Intake("mac-imessage");
beforeAll(() => stage.start({ readers: [macMessagesReader] }), 240_000);
afterAll(() => stage.stop(), 120_000);

const filename = (name: string) => `~/Library/Messages/Attachments/ab/${name}.jpg`;
const contentOf = (name: string) => Buffer.from(`a picture, made up: ${name}`);
const sha256 = (name: string) => createHash("sha256").update(contentOf(name)).digest("hex");
const put = (mac: Mac, name: string) => putAttachment(mac.messages, `ab/${name}.jpg`, contentOf(name));
const about = (name: string) => ({ total_bytes: contentOf(name).length });
const filesOf = (events: readonly Event[]) =>
  events.flatMap(({ target, networkId, attachments = [] }) =>
    attachments.map((file) => [target ?? networkId, file.name, file.sha256].join(" ")),
  );
const expected = (message: string, file: string) => [guidOf(message), `${file}.jpg`, sha256(file)].join(" ");

function say({ db, chat, from }: ReturnType<typeof simple>, name: string): number {
  return db.message({ chat, from, at: at(1), name, runs: [{ text: name }] });
}
/** Joins a file to a message before the file has a row of its own; returns that row. */
function joinFirst(db: ChatDb, message: number, name: string): () => void {
  const id = 1_000;
  db.insert("message_attachment_join", { message_id: message, attachment_id: id });
  return () => {
    const columns = {
      guid: name,
      original_guid: name,
      filename: filename(name),
      transfer_name: `${name}.jpg`,
    };
    db.insert("attachment", { ROWID: id, ...columns, ...about(name) });
  };
}

it.each<{ name: string; isDown?: boolean; join: (row: number, of: ReturnType<typeof simple>) => void }>([
  {
    name: "in a commit of its own",
    join: (row, { db }) => db.attachment(row, "late", filename("late"), about("late")),
  },
  {
    name: "while the agent is down",
    isDown: true,
    join: (row, { db }) => db.attachment(row, "late", filename("late"), about("late")),
  },
  {
    name: "with an edit of the message",
    join: (row, { db }) => {
      db.run("BEGIN");
      db.edit(row, [
        { at: at(1), text: "without" },
        { at: at(2), text: "without, and better" },
      ]);
      db.attachment(row, "late", filename("late"), about("late"));
      db.run("COMMIT");
    },
  },
  {
    name: "under the number of a file that was taken away",
    join: (row, { db }) => {
      db.run("BEGIN; DELETE FROM message_attachment_join");
      db.attachment(row, "late", filename("late"), about("late"));
      db.run("COMMIT");
    },
  },
])(
  "records a file that Messages joins to its message later, $name, once",
  async ({ isDown, join }) => {
    const mac = new Mac(stage);
    const of = simple(mac);
    await mac.enrol();
    mac.start();
    put(mac, "first");
    of.db.run("BEGIN");
    of.db.attachment(say(of, "with a file"), "first", filename("first"), about("first"));
    of.db.run("COMMIT");
    const row = say(of, "without");
    const messages = await mac.untilRecorded("message", 2);
    expect(filesOf(messages)).toEqual([expected("with a file", "first")]);
    if (isDown) await mac.stop();
    put(mac, "late");
    join(row, of);
    if (isDown) mac.start();
    const [late] = await mac.untilRecorded("notice", 1);
    expect(late).toMatchObject({ target: guidOf("without"), conversation: messages[1]?.conversation });
    expect(filesOf([late!])).toEqual([expected("without", "late")]);
    // Its row is evidence, too: that of the message was handed over without it.
    const { attachment } = JSON.parse(Buffer.from(late!.raw, "base64").toString()) as Record<string, unknown>;
    expect(attachment).toMatchObject({ guid: "late", filename: filename("late") });

    await mac.stop();
    const before = stage.rig.publisher.published.length;
    mac.start();
    of.db.message({ chat: of.chat, from: of.from, at: at(3), name: "after", runs: [{ text: "after it" }] });
    await mac.untilRecorded("message", 3);
    expect(stage.rig.publisher.published.length).toBe(before + 1);
    expect(mac.records("gap")).toEqual([]);
    of.db.close();
    await mac.stop();
  },
  120_000,
);

it("takes no file for another where one comes between that is joined to the message before it", async () => {
  const mac = new Mac(stage);
  const of = simple(mac);
  await mac.enrol();
  mac.start();
  of.db.run("PRAGMA foreign_keys = OFF; BEGIN");
  const row = say(of, "two files");
  const fill = joinFirst(of.db, row, "first");
  of.db.attachment(row, "second", filename("second"), about("second"));
  of.db.run("COMMIT");
  await mac.untilRecorded("message", 1);
  put(mac, "first");
  fill();
  expect(filesOf(await mac.untilRecorded("notice", 1))).toEqual([expected("two files", "first")]);
  put(mac, "second");
  mac.time += 60_000;
  expect(filesOf(await mac.untilRecorded("notice", 2))[1]).toBe(expected("two files", "second"));
  expect(mac.records("gap")).toEqual([]);
  of.db.close();
  await mac.stop();
}, 120_000);

it("has a gap with its reason for each file that is joined later and cannot be had", async () => {
  const mac = new Mac(stage);
  const of = simple(mac);
  await mac.enrol();
  mac.start();
  const row = say(of, "late");
  await mac.untilRecorded("message", 1);
  of.db.attachment(row, "outside", "~/Desktop/outside.jpg", about("outside"));
  of.db.attachment(row, "never", filename("never"), about("never"));
  of.db.attachment(row, "nameless", null, about("nameless"));
  const [outside] = await mac.untilRecorded("gap", 1);
  expect(outside).toMatchObject({ target: guidOf("late"), gap: { about: "outside.jpg" } });
  expect(outside?.gap?.why).toContain("outside of the folder of attachments");
  mac.time += 86_400_000;
  const [, ...others] = await mac.untilRecorded("gap", 3);
  expect(others.map(({ gap }) => gap?.about).sort()).toEqual(["gone.jpg", "never.jpg"]);
  for (const { target, gap } of others) {
    expect(target).toBe(guidOf("late"));
    expect(gap?.why).toContain("within a day");
  }
  of.db.close();
  await mac.stop();
}, 120_000);

it("looks for every file again once what it remembers was lost, with which it waited for one", async () => {
  const mac = new Mac(stage);
  const of = simple(mac);
  await mac.enrol();
  of.db.run("BEGIN");
  put(mac, "there");
  for (const name of ["there", "waited for"])
    of.db.attachment(say(of, name), name, filename(name), about(name));
  of.db.run("COMMIT");
  mac.start();
  expect(filesOf(await mac.untilRecorded("message", 2))).toEqual([expected("there", "there")]);
  await mac.stop();
  put(mac, "waited for");
  await mac.loseState();
  mac.start();
  const again = filesOf(await mac.untilRecorded("notice", 2)).sort();
  expect(again).toEqual(["there", "waited for"].map((name) => expected(name, name)).sort());
  put(mac, "after");
  of.db.run("BEGIN");
  of.db.attachment(say(of, "after"), "after", filename("after"), about("after"));
  of.db.run("COMMIT");
  const messages = await mac.untilRecorded("message", 3);
  expect(filesOf(messages.slice(2))).toEqual([expected("after", "after")]);
  await mac.stop();
  // Lost once more: the same files are the same records.
  await mac.loseState();
  mac.start();
  expect(filesOf(await mac.untilRecorded("notice", 3)).sort()).toEqual(
    ["after", "there", "waited for"].map((name) => expected(name, name)).sort(),
  );
  expect(mac.records("message")).toHaveLength(3);
  expect(mac.records("gap")).toEqual([]);
  of.db.close();
  await mac.stop();
});

it("takes a file again whose copy is lost while its message waits", async () => {
  const mac = new Mac(stage);
  const of = simple(mac);
  await mac.enrol();
  const { port } = new URL(stage.url);
  await stage.close();
  of.db.run("BEGIN");
  put(mac, "copied");
  of.db.attachment(say(of, "waits"), "copied", filename("copied"), about("copied"));
  of.db.run("COMMIT");
  const copies = join(mac.home.dir, "parts");
  do {
    mac.start();
    await until(() => mac.log.join("").includes("the server does not answer"));
    await mac.stop();
  } while (readdirSync(copies).length === 0);
  for (const name of readdirSync(copies)) rmSync(join(copies, name));
  await stage.open({ readers: [macMessagesReader], at: { host: "127.0.0.1", port: Number(port) } });
  mac.start();
  expect(filesOf(await mac.untilRecorded("message", 1))).toEqual([]);
  expect(filesOf(await mac.untilRecorded("notice", 1))).toEqual([expected("waits", "copied")]);
  expect(say(of, "after")).toBeGreaterThan(0);
  await mac.untilRecorded("message", 2);
  expect(mac.records("gap")).toEqual([]);
  of.db.close();
  await mac.stop();
});

it("waits for a file a day, and then says that it is missing", async () => {
  const mac = new Mac(stage);
  const { db, chat, from } = simple(mac);
  for (const name of ["late", "never"]) {
    const row = db.message({
      chat,
      from,
      at: at(1),
      name,
      runs: [{ text: OBJECT_CHARACTER, fileGuid: name }],
    });
    db.attachment(row, name, `~/Library/Messages/Attachments/ab/${name}/${name}.jpg`, {
      total_bytes: PHOTO.length,
    });
  }
  await mac.enrol();
  mac.start();
  await mac.untilRecorded("message", 2);
  putAttachment(mac.messages, "ab/late/late.jpg", PHOTO);
  mac.time += 60_000;
  const [late] = await mac.untilRecorded("notice", 1);
  expect(late).toMatchObject({
    target: guidOf("late"),
    attachments: [{ name: "late.jpg", sizeBytes: PHOTO.length }],
  });
  expect(mac.records("gap")).toEqual([]);
  mac.time += 86_400_000;
  const [never] = await mac.untilRecorded("gap", 1);
  expect(never).toMatchObject({ target: guidOf("never"), gap: { about: "never.jpg" } });
  expect(never?.gap?.why).toContain("within a day");
  db.close();
  await mac.stop();
}, 120_000);
