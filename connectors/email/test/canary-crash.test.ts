import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { started } from "../../../test/started.ts";
import { Client, report } from "./intake.ts";
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

/** A gateway as a process of its own, and where mail servers can come to, once they can. */
function start(...dies: "dies"[]): { child: ChildProcess; port: Promise<number> } {
  const args = [GATEWAY, dir, String(server.port), output, ...dies];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  return { child, port: started(child).then(Number) };
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
  const { child: first, port: before } = start("dies");
  let port = before;
  const deliver = async (message: string) => {
    using client = await Client.open(await port);
    return await client.send(report(LINES, message));
  };
  server.journal = deliver;
  await port;
  if (first.exitCode === null && first.signalCode === null) await once(first, "close");
  expect(first.signalCode).toBe("SIGKILL");
  const recorded = ofCanary();
  ({ port } = start());
  // As by a mail server that was not answered when it was killed.
  const answers = await Promise.all(server.taken.map(({ message }) => deliver(message)));
  const again = () => ofCanary().filter(({ eventId }) => eventId === recorded[0]!.eventId);
  while (again().length < 2) await sleep(20);

  expect(new Set(answers)).toEqual(new Set(["250 2.0.0 a test arrived"]));
  expect(new Set(again().map(({ stableDigest }) => stableDigest)).size).toBe(1);
  expect(durable().filter(({ kind }) => kind === "message" || kind === "notice")).toEqual([]);
}, 240_000);

it("who is killed while it sends does no harm to the server that it sends by", async () => {
  const client = connect(server.port, "127.0.0.1");
  const closed = once(client, "close");
  client.write("EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
  for await (const answer of client) if (String(answer).includes("354")) break;
  client.destroy();
  await closed;
  // What its server throws then fails this suite, whoever waits.
  await sleep(100);

  expect(server.taken).toEqual([]);
});
