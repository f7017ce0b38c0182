import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ACCOUNTS, Network, type Offered } from "./network.ts";

let dir: string;
let network: Network;
let offering: AbortController;
const connectors: Socket[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "network-"));
  network = await Network.open(join(dir, "counter"));
  offering = new AbortController();
});
afterEach(async () => {
  offering.abort();
  for (const one of connectors.splice(0)) one.destroy();
  await network.close();
  await rm(dir, { recursive: true });
});

/** Makes just so many events. */
async function offer(count: number): Promise<void> {
  const one = new AbortController();
  network.offer(1_000_000, one.signal);
  while (network.offered < count) await sleep(1);
  one.abort();
}

/** A connector, and the lines that it was sent. */
async function connector(): Promise<{ lines: string[]; acknowledge: (...numbers: number[]) => void }> {
  const socket = connect(network.port, "127.0.0.1");
  connectors.push(socket);
  await once(socket, "connect");
  let text = "";
  const lines: string[] = [];
  socket.on("data", (chunk: Buffer) => {
    const parts = (text + chunk.toString()).split("\n");
    text = parts.pop() ?? "";
    lines.push(...parts);
  });
  return { lines, acknowledge: (...numbers) => void socket.write(`${numbers.join(" ")}\n`) };
}

const numberOf = (line: string) => (JSON.parse(line) as Offered).n;
const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(1);
};
const counted = async () => (await readFile(join(dir, "counter"), "utf8")).trim().split("\n").map(Number);

it("sends what it makes, and counts what a connector acknowledges, once", async () => {
  const { lines, acknowledge } = await connector();
  await offer(10);
  await until(() => lines.length >= 10);
  const known = network.offered;

  acknowledge(0, 1, 1);
  acknowledge(1, 2);
  await until(() => network.acknowledged >= 3);
  // Nobody was sent these, or it is no number at all.
  acknowledge(known + 5, -1, Number.NaN);
  acknowledge(3);
  await until(() => network.acknowledged >= 4);

  expect(network.acknowledged).toBe(4);
  expect(network.waiting).toBe(known - 4);
  expect([0, 1, 2, 3, 4, known + 5].map((n) => network.isAcknowledged(n))).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(await counted()).toEqual([0, 1, 2, 3]);
  expect(lines.slice(0, 10).map(numberOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(lines.map((line) => (JSON.parse(line) as Offered).account)).size).toBeLessThanOrEqual(
    ACCOUNTS.length,
  );
});

it("sends again to the next connector what the last one did not acknowledge, the same bytes", async () => {
  const first = await connector();
  await offer(6);
  await until(() => first.lines.length >= 6);
  first.acknowledge(1, 3);
  await until(() => network.acknowledged === 2);

  const second = await connector();
  await until(() => second.lines.length >= 4);
  expect(second.lines.slice(0, 4).map(numberOf)).toEqual([0, 2, 4, 5]);
  expect(second.lines[0]).toBe(first.lines[0]);
  // The first is let go of: what it still says counts for nothing.
  first.acknowledge(0);
  second.acknowledge(2);
  await until(() => network.acknowledged >= 3);
  expect(network.isAcknowledged(0)).toBe(false);
});

it("sends some again that were acknowledged long ago", async () => {
  const { lines, acknowledge } = await connector();
  await offer(200);
  await until(() => lines.length >= 200);
  const before = lines.length;
  acknowledge(...Array.from({ length: 200 }, (_, n) => n));
  await until(() => lines.filter((line) => numberOf(line) === 99).length > 1);
  expect(lines.length).toBeGreaterThan(before);
});

it("makes no more than may wait, and says how many it held back", async () => {
  network.offer(1e9, offering.signal);
  await until(() => network.heldBack > 0);
  expect(network.waiting).toBe(200_000);
  expect(network.offered).toBe(200_000);
});
