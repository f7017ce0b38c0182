import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GraphApi } from "../../../test/fakes/graph-api.ts";
import { started } from "../../../test/started.ts";
import { ACCOUNT, messages, text } from "./fixtures/payloads.ts";
import { APP, openOffice } from "./support/office.ts";

const RECEIVER = join(import.meta.dirname, "children", "receiver.ts");
const MESSAGES = 2_000;
const AT_ONCE = 10;
const SENDERS = 8;
const KILLS = 25;

let dir: string;
let output: string;
let api: GraphApi;
let port: number;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "whatsapp-business-crash-"));
  output = join(dir, "stream");
  api = await GraphApi.start(APP);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  server.close();
});
afterEach(async () => {
  await kill();
  await api.close();
  rmSync(dir, { recursive: true, force: true });
});

const webhook = () => `http://127.0.0.1:${port}/webhooks/whatsapp`;

/** Starts capturing, and resolves when Meta can come. */
async function start({ moment, beatMs = 10 }: { moment?: string; beatMs?: number } = {}): Promise<void> {
  const args = [RECEIVER, dir, api.url, String(port), output, String(beatMs), ...(moment ? [moment] : [])];
  child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await started(child);
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

/** What is recorded: the archive makes one record of whatever has the same id and digest. */
function records(): string[] {
  if (!existsSync(output)) return [];
  const seen = new Map<string, string>();
  for (const line of readFileSync(output, "utf8").split("\n").slice(0, -1)) {
    const [eventId, digest, kind, said] = JSON.parse(line) as [string, string, string, string | undefined];
    if (kind !== "coverage") seen.set(`${eventId} ${digest}`, said ?? kind);
  }
  return [...seen.values()];
}

it.each([
  ["before-state", 0],
  ["before-capture", 0],
  ["before-answer", 1],
])("has one record of what came when it died %s, and Meta sent it again", async (moment, durable) => {
  const body = GraphApi.encode(messages(text("The pier is closed.")));
  await start({ moment });
  const died = once(child!, "close");
  expect(await api.post(webhook(), body)).toBe(0);
  expect(await died).toEqual([null, "SIGKILL"]);
  expect(records()).toHaveLength(durable);
  await start();
  expect(await api.post(webhook(), body)).toBe(200);
  expect(records()).toEqual(["The pier is closed."]);
});

it("has each of 2,000 messages once when it is killed again and again", async () => {
  await start();
  const said = Array.from({ length: MESSAGES }, (_, n) => `message ${n}`);
  const batches = Array.from({ length: MESSAGES / AT_ONCE }, (_, n) =>
    messages(
      ...said
        .slice(n * AT_ONCE, (n + 1) * AT_ONCE)
        .map((body, m) => text(body, { id: `wamid.${n * AT_ONCE + m}` })),
    ),
  );
  const sending = Promise.all(
    Array.from({ length: SENDERS }, async (_, sender) => {
      // Sent a little apart, so that kills fall among them.
      for (let n = sender; n < batches.length; n += SENDERS) {
        await api.deliver(webhook(), batches[n]);
        await sleep(Math.random() * 200);
      }
    }),
  );
  for (let n = 0; n < KILLS; n += 1) {
    await sleep(Math.random() * 250);
    await kill();
    await start();
  }
  await sending;
  expect(records().sort()).toEqual(said.sort());
}, 300_000);

it("knows after a kill how the number stood, by what it had acknowledged", async () => {
  await start({ beatMs: 3_600_000 });
  const value = { event: "DISABLED_UPDATE", ban_info: { waba_ban_state: "DISABLE" } };
  const entry = { id: ACCOUNT, changes: [{ field: "account_update", value }] };
  await api.deliver(webhook(), { object: "whatsapp_business_account", entry: [entry] });
  await kill();
  const office = await openOffice({ dir, api });
  expect(office.connector.health()[0]).toMatchObject({ status: "banned" });
  await office.close();
});

it("knows after a kill until when it listened", async () => {
  await start();
  await api.deliver(webhook(), messages(text("A")));
  const heardAt = Date.now();
  await sleep(100);
  await kill();
  const killedAt = Date.now();
  await sleep(50);
  const office = await openOffice({ dir, api });
  const { event: down } = await office.event(({ event }) => event.coverage?.state === "down");
  const live = office.sink.captured.find(({ event }) => event.coverage?.state === "live")?.event.coverage;
  await office.close();
  expect(live?.to).toBe(down.coverage?.from);
  expect(Date.parse(live!.from)).toBeLessThan(heardAt);
  expect(Date.parse(live!.to)).toBeGreaterThan(Date.parse(live!.from));
  expect(Date.parse(live!.to)).toBeLessThanOrEqual(killedAt);
  expect(Date.parse(down.coverage!.to)).toBeGreaterThanOrEqual(killedAt);
});
