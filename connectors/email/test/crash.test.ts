import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { started } from "../../../test/started.ts";
import { INNER, JOURNAL } from "./intake.ts";
import { describeWithPostfix, freePort, Postfix, swaks } from "./postfix.ts";

const GATEWAY = join(import.meta.dirname, "children", "gateway.ts");
const TIMEOUT_MS = 240_000;

let dir: string;
let output: string;
let port: number;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "daybook-mail-crash-"));
  output = join(dir, "stream");
  port = await freePort();
});
afterEach(async () => {
  await kill();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a gateway as a process of its own, and resolves when mail servers can come. */
async function start(...dies: [moment: string, ofMessage: number] | []): Promise<void> {
  const args = [GATEWAY, dir, String(port), output, ...dies.map(String)];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await started(child);
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

/** Resolves when it has died. */
async function ended(): Promise<void> {
  if (child!.exitCode === null && child!.signalCode === null) await once(child!, "close");
}

interface Line {
  readonly eventId: string;
  readonly stableDigest: string;
  readonly raw: string;
}

/** Each time that a message became durable. */
function durable(): Line[] {
  if (!existsSync(output)) return [];
  return readFileSync(output, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line & { kind: string })
    .filter(({ kind }) => kind === "message");
}

/** The archive makes one record of whatever has the same id and digest. */
const records = () =>
  new Set(durable().map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`)).size;

const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await sleep(100);
};

describeWithPostfix("a gateway that is killed behind a mail server", () => {
  it.each([
    ["before it is durable", "before-durable", 0],
    ["when it is durable and not answered", "before-answer", 1],
  ])(
    "gets a message again, byte for byte, %s: one record",
    async (_, moment, kept) => {
      await start(moment, 1);
      const died = once(child!, "close");
      await using postfix = await Postfix.start(port);
      await swaks(postfix.port, ["--from", "ann@example.gov.uk", "--to", JOURNAL, "--data", INNER]);
      expect(await died).toEqual([null, "SIGKILL"]);
      expect(durable()).toHaveLength(kept);
      await start();
      await until(async () => durable().length > kept && (await postfix.queued()) === 0);

      expect(durable()).toHaveLength(kept + 1);
      expect(new Set(durable().map(({ raw }) => raw)).size).toBe(1);
      expect(records()).toBe(1);
      expect(postfix.log()).not.toMatch(/status=bounced|status=expired/);
    },
    TIMEOUT_MS,
  );

  it(
    "loses none of many, however often it is killed while they come",
    async () => {
      const count = 100;
      await start("before-answer", 15);
      await using postfix = await Postfix.start(port);
      await postfix.load(count, JOURNAL);
      for (const next of [["before-durable", 25] as const, [] as const]) {
        await ended();
        await start(...next);
      }
      await until(async () => records() >= count && (await postfix.queued()) === 0);

      expect(records()).toBe(count);
      expect(postfix.log()).not.toMatch(/status=bounced|status=expired/);
    },
    TIMEOUT_MS,
  );
});
