import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Twilio } from "../../../../test/fakes/twilio.ts";
import { started } from "../../../../test/started.ts";
import { ACCOUNT, FERGUS, OFFICIAL, PUBLIC, TOKEN } from "./support/names.ts";

const RECEIVER = join(import.meta.dirname, "children", "receiver.ts");
const MESSAGES = 200;
const SENDERS = 4;
const KILLS = 4;

let dir: string;
let output: string;
let twilio: Twilio;
let port: number;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sms-hooks-crash-"));
  output = join(dir, "stream");
  twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  server.close();
});
afterEach(async () => {
  await kill();
  await twilio.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts capturing, and resolves when Twilio can come. */
async function start(moment?: string): Promise<void> {
  const args = [RECEIVER, dir, twilio.url, String(port), output, ...(moment ? [moment] : [])];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await started(child);
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

const post = (message: ReturnType<Twilio["has"]>) =>
  twilio.post(
    `http://127.0.0.1:${port}/webhooks/sms/twilio`,
    `${PUBLIC}/twilio`,
    twilio.parametersOf(message),
  );

/** What is recorded: the archive makes one record of whatever has the same id and digest. */
function records(): string[] {
  if (!existsSync(output)) return [];
  const seen = new Map<string, string>();
  for (const line of readFileSync(output, "utf8").split("\n").slice(0, -1)) {
    const [eventId, digest, kind, said] = JSON.parse(line) as [string, string, string, string];
    if (kind === "message") seen.set(`${eventId} ${digest}`, said);
  }
  return [...seen.values()];
}

it.each([
  ["before-capture", 0],
  ["before-answer", 1],
])("has one record of what came when it died %s, and Twilio sent it again", async (moment, durable) => {
  const message = twilio.has({ from: FERGUS, to: OFFICIAL, body: "The pier is closed." });
  await start(moment);
  const died = once(child!, "close");
  expect(await post(message)).toBe(0);
  expect(await died).toEqual([null, "SIGKILL"]);
  expect(records()).toHaveLength(durable);
  await start();
  expect(await post(message)).toBe(200);
  expect(records()).toEqual(["The pier is closed."]);
});

it("has each message once when it is killed again and again, though Twilio sends none of them twice", async () => {
  await start();
  // It has agreed with the empty list: whatever comes from then on is to be found in it.
  while (!twilio.asked.some((path) => path.includes("DateSent"))) await sleep(5);
  const said = Array.from({ length: MESSAGES }, (_, n) => `message ${n}`);
  const answers: number[] = [];
  const sending = Promise.all(
    Array.from({ length: SENDERS }, async (_, sender) => {
      for (let n = sender; n < MESSAGES; n += SENDERS) {
        answers.push(await post(twilio.has({ from: FERGUS, to: OFFICIAL, body: said[n]! })));
        await sleep(Math.random() * 20);
      }
    }),
  );
  for (let n = 0; n < KILLS; n += 1) {
    // Until some more have been taken.
    const before = records().length;
    while (records().length < before + 5 && answers.length < MESSAGES) await sleep(5);
    await kill();
    await start();
  }
  await sending;
  while (records().length < MESSAGES) await sleep(20);
  expect(records().sort()).toEqual(said.sort());
}, 240_000);
