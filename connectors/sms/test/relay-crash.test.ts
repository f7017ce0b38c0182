import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { jest } from "@jest/globals";
import type { Outbound, RelayOutcome } from "@daybook/contract";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { Twilio } from "../../../test/fakes/twilio.ts";
import { message, words } from "./fixtures/pdus.ts";
import { outbound } from "./support/outbound.ts";
import { ACCOUNT, TOKEN } from "./webhook/support/names.ts";

jest.setTimeout(300_000);

const SENDING = join(import.meta.dirname, "children", "sending.ts");

let dir: string;
let smsc: Smsc;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sms-relay-crash-"));
  smsc = await Smsc.start();
  void smsc.store(message(words("When?")));
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "close");
  }
  await smsc.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Sends it in a process of its own. @returns what came of it; undefined where it died before it knew */
async function sending(
  asked: Outbound,
  moment?: string,
  at = String(smsc.port),
): Promise<RelayOutcome | undefined> {
  const args = [SENDING, dir, at, join(dir, "stream"), JSON.stringify(asked)];
  const started = spawn(process.execPath, [...args, ...(moment ? [moment] : [])], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  const [said, ended] = await Promise.all([textOf(started.stdout), once(started, "close")]);
  expect(ended).toEqual(said === "" ? [null, "SIGKILL"] : [0, null]);
  return said === "" ? undefined : (JSON.parse(said) as RelayOutcome);
}

/** What is recorded as sent: the archive makes one record of whatever has the same id and digest. */
function recorded(): string[] {
  if (!existsSync(join(dir, "stream"))) return [];
  const lines = readFileSync(join(dir, "stream"), "utf8").split("\n").slice(0, -1);
  const kept = new Map(
    lines
      .map((line) => JSON.parse(line) as [string, string, string])
      .map(([id, digest, text]) => [`${id} ${digest}`, text]),
  );
  return [...kept.values()];
}

const LOST = { state: "failed", code: "unknown" };
const SENT = { state: "sent" };
/** When it is killed, how often the text left by then, what is said of it after, and how often it has left then. */
const MOMENTS = [
  // Nothing may have left.
  ["before-leaving", 0, SENT, 1],
  // For all that anybody knows.
  ["after-leaving", 0, LOST, 0],
  ["before-accepted", 1, LOST, 1],
  ["after-accepted", 1, SENT, 1],
  ["after-durable", 1, SENT, 1],
] as const;

describe("an answer over SMPP, killed", () => {
  it("between submit_sm and its answer is not sent again, and nobody says that it was", async () => {
    smsc.onSubmit = () => void child?.kill("SIGKILL");
    const asked = outbound();
    expect(await sending(asked)).toBeUndefined();
    expect(smsc.submitted).toHaveLength(1);
    smsc.onSubmit = () => "4711";
    expect(await sending(asked)).toMatchObject(LOST);
    expect(await sending(asked)).toMatchObject(LOST);
    expect(smsc.submitted).toHaveLength(1);
    expect(recorded()).toEqual([]);
  });

  it("between the second of three parts and its answer says how much was sent", async () => {
    smsc.onSubmit = (_body, n) => (n === 2 ? void child?.kill("SIGKILL") : `${n}abc`);
    const asked = outbound({ text: "x".repeat(400) });
    expect(await sending(asked)).toBeUndefined();
    expect(await sending(asked)).toMatchObject({
      ...LOST,
      why: expect.stringContaining("its first part was sent") as string,
    });
    expect(smsc.submitted).toHaveLength(2);
  });

  it.each(MOMENTS)(
    "%s is submitted once at most, and recorded as it is",
    async (moment, before, outcome, after) => {
      const asked = outbound();
      expect(await sending(asked, moment)).toBeUndefined();
      expect(smsc.submitted).toHaveLength(before);
      expect(await sending(asked)).toMatchObject(outcome);
      expect(smsc.submitted).toHaveLength(after);
      expect(recorded()).toEqual(outcome.state === "sent" ? [asked.text] : []);
    },
  );
});

describe("an answer by a provider that pushes, killed", () => {
  let twilio: Twilio;
  beforeEach(async () => (twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN })));
  afterEach(() => twilio.close());

  it("between the request and its answer is not sent again, and nobody says that it was", async () => {
    twilio.onSent = () => void child?.kill("SIGKILL");
    twilio.faults.push("silent");
    const asked = outbound();
    expect(await sending(asked, undefined, twilio.url)).toBeUndefined();
    expect(await sending(asked, undefined, twilio.url)).toMatchObject(LOST);
    expect(twilio.sent).toHaveLength(1);
    expect(recorded()).toEqual([]);
  });

  it.each(MOMENTS)(
    "%s is asked for once at most, and recorded as it is",
    async (moment, before, outcome, after) => {
      const asked = outbound();
      expect(await sending(asked, moment, twilio.url)).toBeUndefined();
      expect(twilio.sent).toHaveLength(before);
      expect(await sending(asked, undefined, twilio.url)).toMatchObject(outcome);
      expect(twilio.sent).toHaveLength(after);
      expect(recorded()).toEqual(outcome.state === "sent" ? [asked.text] : []);
    },
  );
});
