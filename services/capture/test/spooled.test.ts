import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TOPICS } from "@daybook/contract";
import { createLogger, Metrics } from "@daybook/runtime";
import { openSpool, type Spool, StreamError } from "@daybook/stream";
import { MemoryStream } from "@daybook/stream/testing";
import { showSpool, spooledProgress, spoolTroubleLog } from "../src/spooled.ts";

class Behind extends MemoryStream {
  isAway = false;
  override async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    if (this.isAway) throw new StreamError("unavailable", "injected: away");
    return super.send(topic, partition, payloads);
  }
}

let dir: string;
let behind: Behind;
let spool: Spool;
let stopping: AbortController;
let asked: [number, number][];
const archiver = {
  archived: async (partition: number, offset: number) => void asked.push([partition, offset]),
};
const open = () =>
  openSpool({
    dir,
    partitions: { [TOPICS.events]: 2 },
    downstream: behind,
    maxBytes: 1e6,
    pauses: { firstMs: 5, lastMs: 20 },
    onTrouble: spoolTroubleLog(createLogger("test", "fatal")),
  });
const send = (value: string) => spool.send(TOPICS.events, 1, [Buffer.from(value)]);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-spooled-"));
  behind = new Behind();
  stopping = new AbortController();
  asked = [];
  await behind.send(TOPICS.events, 1, [Buffer.from("somebody else's"), Buffer.from("and another")]);
  spool = await open();
});
afterEach(async () => {
  await spool.close();
  await rm(dir, { recursive: true });
});

const progress = (patienceMs?: number) =>
  spooledProgress({ spool, archiver, signal: stopping.signal, ...(patienceMs && { patienceMs }) });

describe("who publishes through a spool", () => {
  it("asks the archiver once its events are on the stream, by their place there", async () => {
    behind.isAway = true;
    const archived = progress().archived(1, (await send("a")) + 1);
    await sleep(30);
    expect(asked).toEqual([]);

    behind.isAway = false;
    await archived;
    expect(asked).toEqual([[1, 3]]);
  });

  it("does not wait for ever: neither too long, nor past the end of its service or of the spool", async () => {
    behind.isAway = true;
    const offset = (await send("a")) + 1;
    const told = {
      name: "CaptureError",
      code: "unavailable",
      message: expect.stringContaining("is safe") as string,
    };
    await expect(progress(20).archived(1, offset)).rejects.toMatchObject(told);
    const stopped = expect(progress().archived(1, offset)).rejects.toMatchObject(told);
    stopping.abort();
    await stopped;
    stopping = new AbortController();
    const closed = expect(progress().archived(1, offset)).rejects.toMatchObject(told);
    await spool.close();
    await closed;
    expect(asked).toEqual([]);
  });

  it("is answered about what was forwarded before its service started again", async () => {
    const offset = (await send("a")) + 1;
    await spool.forwarded(TOPICS.events, 1, offset);
    await spool.close();
    spool = await open();
    await progress().archived(1, offset);
    expect(asked).toEqual([[1, 3]]);
  });
});

it("shows how the spool stands", async () => {
  const metrics = new Metrics();
  showSpool(spool, metrics, () => new Date(Date.now() + 60_000));
  const shown = (name: string) =>
    Number(
      metrics
        .render()
        .split("\n")
        .find((line) => line.startsWith(`${name}{topic="${TOPICS.events}",partition="1"}`))
        ?.split(" ")[1],
    );
  await spool.forwarded(TOPICS.events, 1, (await send("a")) + 1);
  expect(shown("daybook_spool_forwarded_events_total")).toBe(1);
  expect(shown("daybook_spool_oldest_unsent_age_seconds")).toBe(0);

  behind.isAway = true;
  await send("bc");
  await send("d");
  while (shown("daybook_spool_failing") === 0) await sleep(5);
  expect(shown("daybook_spool_unsent_events")).toBe(2);
  expect(shown("daybook_spool_unsent_bytes")).toBe(19);
  expect(shown("daybook_spool_oldest_unsent_age_seconds")).toBeGreaterThan(59);
  expect(shown("daybook_spool_forward_failures_total")).toBeGreaterThan(0);

  behind.isAway = false;
  await spool.forwarded(TOPICS.events, 1, 3);
  expect(shown("daybook_spool_unsent_events")).toBe(0);
  expect(shown("daybook_spool_failing")).toBe(0);
  expect(shown("daybook_spool_forwarded_events_total")).toBe(3);
});
