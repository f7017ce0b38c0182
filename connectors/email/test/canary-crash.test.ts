import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, report } from "./intake.ts";
import { freePort } from "./postfix.ts";
import { SubmissionServer } from "./submission.ts";

const GATEWAY = join(import.meta.dirname, "children", "canary-gateway.ts");
const LINES = ["Sender: canary@example.gov.uk", "To: canary@example.gov.uk"];

let dir: string;
let output: string;
let server: SubmissionServer;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "daybook-canary-crash-"));
  output = join(dir, "stream");
  server = await SubmissionServer.start();
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

/** A gateway as a process of its own; resolves when mail servers can come. */
async function start(port: number, ...dies: "dies"[]): Promise<ChildProcess> {
  const args = [GATEWAY, dir, String(port), String(server.port), output, ...dies];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
  return child;
}

interface Line {
  readonly eventId: string;
  readonly stableDigest: string;
  readonly kind: string;
}

function durable(): Line[] {
  if (!existsSync(output)) return [];
  return readFileSync(output, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

const ofCanary = () => durable().filter(({ eventId }) => eventId.startsWith("canary:"));

it("a gateway that is killed when a test of the journal is recorded, and does not know, records the same again", async () => {
  const port = await freePort();
  const deliver = async (message: string) => {
    using client = await Client.open(port);
    return await client.send(report(LINES, message));
  };
  server.journal = deliver;
  const first = await start(port, "dies");
  if (first.exitCode === null && first.signalCode === null) await once(first, "close");
  expect(first.signalCode).toBe("SIGKILL");
  const recorded = ofCanary();
  await start(port);
  // As by a mail server that was not answered when it was killed.
  const answers = await Promise.all(server.taken.map(({ message }) => deliver(message)));
  const again = () => ofCanary().filter(({ eventId }) => eventId === recorded[0]!.eventId);
  while (again().length < 2) await sleep(20);

  expect(new Set(answers)).toEqual(new Set(["250 2.0.0 a test arrived"]));
  expect(new Set(again().map(({ stableDigest }) => stableDigest)).size).toBe(1);
  expect(durable().filter(({ kind }) => kind === "message" || kind === "notice")).toEqual([]);
}, 240_000);
