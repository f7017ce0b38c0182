import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Event } from "@daybook/contract";
import { macMessagesReader } from "@daybook/imessage";
import { cachedProgram } from "@daybook/lab";
import { started } from "../../../../test/started.ts";
import { entriesOf } from "../../../../connectors/imessage/test/reading.ts";
import { Intake, until } from "./support.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
const CLI = join(ROOT, "services/cli/bin/daybook.js");
const GROW = join(ROOT, "test/fakes/imessage/grow.ts");
const KILLS = 3;
const exporter = cachedProgram("imessage-exporter");
if (!exporter) console.warn("skipped: imessage-exporter is missing (npm run lab -- --install)");

const stage = new Intake("mac-imessage");
const children: ChildProcess[] = [];
beforeAll(() => stage.start({ readers: [macMessagesReader] }), 240_000);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await stage.stop();
}, 120_000);

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** What tells records apart, of what was recorded and of what a database tells now: of a file that came later it does not. */
const recorded = () =>
  new Set(
    stage.rig.publisher.records
      .filter(({ event }) => event.kind !== "coverage" && event.kind !== "notice")
      .map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`),
  );
const toldBy = async (dir: string) => {
  const log = join(dir, "chat.db-wal");
  return entriesOf(readFileSync(join(dir, "chat.db")), existsSync(log) ? readFileSync(log) : undefined);
};

/** Each event as it was recorded first: what comes again is no record, with whatever files it comes. */
const events = (): Event[] => {
  const first = new Map<string, Event>();
  for (const { envelope } of stage.rig.publisher.published) {
    const id = `${envelope.eventId} ${envelope.stableDigest}`;
    if (!first.has(id)) first.set(id, envelope.event);
  }
  return [...first.values()];
};
/** Each file that is on record, by the message that it is of: with it, or in a notice that came later. */
const filesRecorded = () =>
  events()
    .flatMap(({ kind, networkId, target, attachments = [] }) =>
      attachments.map(({ sha256 }) => `${kind === "notice" ? target : networkId} ${sha256}`),
    )
    .sort();
const filesIn = (dir: string, told: Awaited<ReturnType<typeof toldBy>>) =>
  told
    .flatMap(({ networkId, files }) =>
      files.map(({ path }) => {
        const content = readFileSync(join(dir, "Attachments", path!));
        return `${networkId} ${createHash("sha256").update(content).digest("hex")}`;
      }),
    )
    .sort();

it("has each message, edit, unsend, tapback, deletion and file of a busy Mac once, over kills of the agent at any moment", async () => {
  const mac = join(stage.dir, "Messages");
  const home = join(stage.dir, "agent");
  const agent = ["agent", "imessage", "--home", home, "--database", join(mac, "chat.db")];
  const enrolling = ["agent", "enrol", "--home", home, "--server", stage.url, "--code", stage.newCode()];
  await promisify(execFile)(process.execPath, [CLI, ...enrolling]);
  const messages = start(GROW, mac);
  await started(messages);

  for (let n = 0; n < KILLS; n += 1) {
    const before = stage.rig.publisher.published.length;
    const running = start(CLI, ...agent);
    const enough = before + 1 + Math.floor(Math.random() * 60);
    await until(() => stage.rig.publisher.published.length >= enough);
    // Whatever it does just now.
    await new Promise((done) => setTimeout(done, Math.random() * 300));
    await kill(running);
  }
  const last = start(CLI, ...agent);
  messages.stdin!.end();
  const [summary] = await Promise.all([started(messages), once(messages, "exit")]);
  const did = JSON.parse(summary) as Record<string, number>;
  const told = await toldBy(mac);
  const ids = told.map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`);
  const files = filesIn(mac, told);
  expect(files).toHaveLength(did.files!);
  const isAll = () => {
    const there = recorded();
    return ids.every((id) => there.has(id)) && filesRecorded().length >= files.length;
  };
  // A loss is to be seen below, by what is lost.
  const giveUpAt = performance.now() + 180_000;
  while (!isAll() && performance.now() < giveUpAt) await new Promise((done) => setTimeout(done, 250));
  const there = recorded();
  expect(ids.filter((id) => !there.has(id))).toEqual([]);
  last.kill("SIGTERM");
  expect(await once(last, "exit")).toEqual([0, null]);

  const records = events();
  const of = (kind: string) => records.filter((event) => event.kind === kind);
  // One record for each event: what is on record and not in the database any more is what was unsent.
  const more = [...recorded()].filter((id) => !ids.includes(id)).map((id) => id.split(" ")[0]);
  const unsent = new Set(of("delete").map(({ target }) => target));
  expect(more.filter((id) => !unsent.has(id))).toEqual([]);
  expect(new Set(of("message").map(({ networkId }) => networkId)).size).toBe(of("message").length);
  expect(of("edit")).toHaveLength(did.edits!);
  expect(of("reaction")).toHaveLength(did.tapbacks!);
  expect(of("delete")).toHaveLength(did.unsends! + did.deleted!);
  expect(of("gap")).toEqual([]);
  // Each file once: with its message, or after it, where Messages wrote it after the message was read.
  expect(filesRecorded()).toEqual(files);
  expect(of("notice").filter(({ attachments }) => attachments?.length !== 1)).toEqual([]);
  expect(new Set(records.map(({ method, provenance }) => `${method} ${provenance}`))).toEqual(
    new Set(["device-agent captured"]),
  );

  if (!exporter) return;
  const { stdout } = await promisify(execFile)(exporter, ["-d", "-p", join(mac, "chat.db"), "-a", "macOS"], {
    env: { ...process.env, TZ: "UTC", HOME: stage.dir },
  });
  const rows = new Set(told.map(({ rowid }) => rowid));
  expect(stdout).toContain(`Total messages: ${rows.size}`);
  expect(stdout).toContain(`Recoverable messages: ${did.deleted!}`);
}, 400_000);
