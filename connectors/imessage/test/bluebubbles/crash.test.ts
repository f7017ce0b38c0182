import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BlueBubblesServer } from "../../../../test/fakes/bluebubbles/index.ts";
import { ChatDb, FERGUS } from "../../../../test/fakes/imessage/index.ts";
import { started } from "../../../../test/started.ts";

const CAPTURER = join(import.meta.dirname, "children", "capturer.ts");
const MESSAGES = 120;
const KILLS = 4;

let dir: string;
let output: string;
let db: ChatDb;
let server: BlueBubblesServer;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "daybook-bluebubbles-crash-"));
  output = join(dir, "stream");
  db = new ChatDb(dir);
  server = await BlueBubblesServer.start(db);
});
afterEach(async () => {
  await kill();
  await server.close();
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts capturing, and resolves when it runs. */
async function start(moment?: string): Promise<void> {
  const args = [CAPTURER, dir, server.url, output, ...(moment ? [moment] : [])];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await started(child);
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

const handed = (): [string, string, string, string | undefined][] =>
  existsSync(output)
    ? readFileSync(output, "utf8")
        .split("\n")
        .flatMap(whole)
        .filter(([, , kind]) => kind !== "coverage")
    : [];

/** A line that a kill cut off was never said to be durable. */
function whole(line: string): [string, string, string, string | undefined][] {
  try {
    return [JSON.parse(line) as [string, string, string, string | undefined]];
  } catch {
    return [];
  }
}

/** What is recorded: the archive makes one record of whatever has the same id and digest. */
function records(): string[] {
  const kept = new Map(
    handed().map(([id, digest, kind, text]) => [`${id} ${digest}`, `${kind} ${text ?? ""}`]),
  );
  return [...kept.values()];
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(20);
}

function talk() {
  const from = db.handle(FERGUS);
  const chat = db.chat(FERGUS, [from]);
  return (text: string) => db.message({ chat, from, at: new Date(), name: text, runs: [{ text }] });
}

it.each([
  ["before-capture", 0],
  ["before-cursor", 1],
])("has one record of what came when it died %s", async (moment, durable) => {
  talk()("The pier is closed.");
  await start(moment);
  if (child!.exitCode === null && child!.signalCode === null) await once(child!, "close");
  expect(child!.signalCode).toBe("SIGKILL");
  expect(records()).toHaveLength(durable);
  await start();
  await until(() => handed().length > durable);

  expect(records()).toEqual(["message The pier is closed."]);
  // It was handed over again: nothing but its id makes it one.
  expect(handed()).toHaveLength(durable + 1);
});

it("has each message, edit and tapback once, killed again and again while they come", async () => {
  const say = talk();
  const expected: string[] = [];
  await start();
  for (let n = 0; n < MESSAGES; n += 1) {
    const row = say(`message ${String(n)}`);
    expected.push(`message message ${String(n)}`);
    if (n % 20 === 5) {
      const [first, later] = [new Date(), new Date()];
      db.edit(row, [
        { at: first, text: `message ${String(n)}` },
        { at: later, text: `edit ${String(n)}` },
      ]);
      expected.push(`edit edit ${String(n)}`);
    }
    if (n % 20 === 9) {
      db.tapback({
        chat: 1,
        from: 1,
        at: new Date(),
        name: `tap ${String(n)}`,
        on: `message ${String(n)}`,
        type: 2001,
      });
      expected.push("reaction 👍");
    }
    if (n % Math.floor(MESSAGES / KILLS) === 0) {
      // Somewhere between the first of them and the last.
      const before = handed().length;
      await until(() => handed().length > before || records().length === expected.length);
      await kill();
      await start();
    }
  }
  await until(() => records().length >= expected.length);

  expect(records().sort()).toEqual(expected.sort());
}, 180_000);
