import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageTraceApi } from "../../../test/fakes/message-trace.ts";

const GATEWAY = join(import.meta.dirname, "children", "trace-gateway.ts");
const BEFORE = "2024-05-12T12:00:00Z";
const AFTER = "2024-05-14T12:00:00Z";

let dir: string;
let output: string;
let api: MessageTraceApi;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "daybook-trace-crash-"));
  output = join(dir, "stream");
  api = await MessageTraceApi.start({ tenant: "example.gov.uk", clientId: "made up" });
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await api.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A gateway as a process of its own, at that time. */
function start(now: string, ...dies: "dies"[]): ChildProcess {
  api.now = () => Date.parse(now);
  const args = [GATEWAY, dir, api.url, now, output, ...dies];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

const gaps = () => (existsSync(output) ? readFileSync(output, "utf8").split("\n").slice(0, -1) : []);
const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(20);
};

it("a gateway that is killed when a gap is recorded, and does not know, records the same again and no other", async () => {
  const first = start(BEFORE);
  // Its mark is durable before it asks.
  await until(() => api.asked.length > 0);
  await kill(first);
  const receivedDateTime = new Date("2024-05-13T10:00:00Z");
  api.has({ messageId: "<lost@example.org>", receivedDateTime });
  const second = start(AFTER, "dies");
  if (second.signalCode === null) await once(second, "close");
  expect(second.signalCode).toBe("SIGKILL");
  start(AFTER);
  await until(() => gaps().length > 1);

  expect(new Set(gaps()).size).toBe(1);
});
