import { decodeHead, headKey } from "@daybook/archive-core";
import { TOPICS } from "@daybook/contract";
import { Metrics } from "@daybook/runtime";
import { MemoryStream } from "@daybook/stream/testing";
import type { MissingSpan } from "../src/index.ts";
import { eventBytes } from "./support/events.ts";
import { ciphers, signerOf } from "./support/keys.ts";
import { context, makeRig, type Rig, SHARD } from "./support/rig.ts";

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});

/** Archives events, and what was on the stream before them. */
async function archive(events: readonly number[]): Promise<void> {
  const running = rig.start();
  await running.until(await rig.send(events));
  await running.stop();
}

/** The catalogue as it was at a size, with the position it then had. */
function rollBack(size: number, offset: number | undefined): void {
  const { rows, states } = rig.catalogue;
  const state = states.get(SHARD)!;
  for (const [id, { index }] of rows) if (index >= size) rows.delete(id);
  if (offset === undefined) states.delete(SHARD);
  else states.set(SHARD, { size, stream: { ...state.stream, offset } });
}

const headPosition = async () => decodeHead((await rig.stores.heads.read(headKey(SHARD)))!.body).stream;
const warned = (code: string) =>
  rig.lines().filter(({ err }) => (err as { code?: string } | undefined)?.code === code);
const logged = (level: string) => rig.lines().filter((line) => line.level === level);

async function restartAndSend(events: readonly number[], more = {}) {
  const running = rig.start(more);
  while (!running.progress.status(SHARD).running) await new Promise(setImmediate);
  await running.until(await rig.send(events));
  await running.stop();
  return running;
}

async function expectRowsOfLog(): Promise<void> {
  const ids = (await rig.records()).map((record) => record.id);
  expect(rig.catalogue.ids(SHARD)).toEqual(ids);
}

describe("after a restart", () => {
  it("events below the head only make their rows again, at their places, and nothing is archived twice", async () => {
    await archive(numbers(0, 10));
    await rig.sendRaw([Buffer.from("poison")]);
    await archive([3, 10, 11, 10, 12]);
    await archive(numbers(13, 20));
    rollBack(10, 10);
    const running = await restartAndSend([5, 20]);

    expect(await rig.archived()).toEqual(numbers(0, 21));
    await expectRowsOfLog();
    expect((await rig.stream.range(TOPICS.parked, 0)).next).toBe(1);
    expect(running.progress.status(SHARD)).toMatchObject({ size: 21, parked: 0 });
  });

  it("a catalogue that lost everything gets all its rows from the stream", async () => {
    await archive(numbers(0, 4_600));
    rollBack(0, undefined);
    await restartAndSend([4_600]);

    expect(await rig.archived()).toEqual(numbers(0, 4_601));
    await expectRowsOfLog();
  });

  it("the lesser of both positions is read from", async () => {
    await archive(numbers(0, 10));
    const stream = await headPosition();
    rig.catalogue.states.set(SHARD, { size: 10, stream: { ...stream, offset: 4 } });
    const running = await restartAndSend([10]);

    expect(running.progress.status(SHARD).duplicates).toBe(6);
    expect(await rig.archived()).toEqual(numbers(0, 11));
  });

  it("rows that the stream no longer has are rebuilt by the records service, before anything is committed", async () => {
    await archive(numbers(0, 10));
    await archive(numbers(10, 20));
    const rows = new Map(rig.catalogue.rows);
    const state = rig.catalogue.states.get(SHARD)!;
    rollBack(10, 10);
    await rig.stream.trim(TOPICS.events, 0, 15);
    await rig.send([20]);
    const asked: MissingSpan[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const running = rig.start({
      rebuildSpan: async (span) => {
        asked.push(span);
        await held;
        for (const [id, place] of rows) rig.catalogue.rows.set(id, place);
        rig.catalogue.states.set(SHARD, state);
      },
    });
    while (asked.length === 0) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await headPosition()).offset).toBe(20);
    release();
    await running.until(21);
    await running.stop();

    expect(asked).toEqual([{ shard: SHARD, from: 10, size: 20 }]);
    expect(await rig.archived()).toEqual(numbers(0, 21));
    await expectRowsOfLog();
  });

  it.each([
    ["nobody can", {}],
    ["the records service fails", { rebuildSpan: () => Promise.reject(new Error("down")) }],
    ["the records service only says that it did", { rebuildSpan: () => Promise.resolve() }],
  ])(
    "it commits nothing while rows have to be rebuilt and %s, and goes on when they are",
    async (_, more) => {
      await archive(numbers(0, 10));
      const rows = new Map(rig.catalogue.rows);
      const state = rig.catalogue.states.get(SHARD)!;
      rollBack(4, 4);
      await rig.stream.trim(TOPICS.events, 0, 8);
      await rig.send([10]);
      const metrics = new Metrics();
      const running = rig.start({ ...more, metrics });
      while (warned("rows-missing").length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await headPosition()).offset).toBe(10);
      expect(metrics.render()).toMatch(/daybook_archiver_rows_missing_total\{shard="0"\} [1-9]/);

      for (const [id, place] of rows) rig.catalogue.rows.set(id, place);
      rig.catalogue.states.set(SHARD, state);
      await running.until(11);
      await running.stop();
      expect(await rig.archived()).toEqual(numbers(0, 11));
      await expectRowsOfLog();
    },
  );

  it("it waits for an operator when the catalogue holds more than the log, and goes on when it is rebuilt", async () => {
    await archive(numbers(0, 10));
    const state = rig.catalogue.states.get(SHARD)!;
    rig.catalogue.states.set(SHARD, { ...state, size: 11 });
    const metrics = new Metrics();
    const running = rig.start({ metrics });
    const waiting = running.until(await rig.send([10]));
    while (running.progress.status(SHARD).blocked === undefined) await new Promise(setImmediate);
    expect(running.progress.status(SHARD)).toMatchObject({ running: false, blocked: "catalogue-diverged" });
    expect(metrics.render()).toContain('daybook_archiver_shard_needs_operator{shard="0"} 1');

    rig.catalogue.drop();
    await waiting;
    expect(metrics.render()).toContain('daybook_archiver_shard_needs_operator{shard="0"} 0');
    await running.stop();
    expect(await rig.archived()).toEqual(numbers(0, 11));
    await expectRowsOfLog();
  });

  it("it refuses another partition than its log was fed from", async () => {
    await archive([1]);
    const shards = rig.options().shards.map((shard) => ({ ...shard, partition: 1 }));

    await expect(rig.start({ shards }).done).rejects.toMatchObject({ code: "misconfigured" });
  });

  it("it refuses a log that another key signed", async () => {
    await archive([1]);
    const shards = rig.options().shards.map((shard) => ({ ...shard, signer: signerOf("1") }));

    await expect(rig.start({ shards }).done).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("another stream", () => {
  it("starts at its beginning, what is known is a redelivery, and what may be lost a gap and an alert", async () => {
    await archive(numbers(0, 10));
    rig.stream.lose();
    const metrics = new Metrics();
    await restartAndSend([7, 8, 10, 11], { metrics });
    expect(await headPosition()).toMatchObject({ id: rig.stream.id, offset: 5 });
    await restartAndSend([12]);

    expect(await rig.archived()).toEqual([...numbers(0, 10), -1, 10, 11, 12]);
    expect((await rig.records())[10]).toMatchObject({
      kind: "gap",
      gap: {
        why: expect.stringContaining("the stream was lost and another begun") as string,
        about: "daybook.events/0 offsets 10 and later",
      },
    });
    expect(logged("error")).toMatchObject([{ kind: "replaced", from: 10 }]);
    expect(metrics.render()).toContain('daybook_archiver_stream_gaps_total{shard="0",kind="replaced"} 1');
  });

  it("is one gap, whoever is cut off before it is archived", async () => {
    await archive(numbers(0, 10));
    rig.stream.lose();
    rig.stream.faults.push("kept", "kept");
    await restartAndSend([10]);

    expect(await rig.archived()).toEqual([...numbers(0, 10), -1, 10]);
  });

  it("that no longer has its beginning leaves a gap", async () => {
    await archive([0]);
    rig.stream.lose();
    await rig.send([1, 2, 3]);
    await rig.stream.trim(TOPICS.events, 0, 2);
    await restartAndSend([4]);

    expect(await rig.archived()).toEqual([0, 3, -1, -1, 4]);
  });

  it("leaves rows of the earlier one to the records service", async () => {
    await archive(numbers(0, 10));
    rollBack(4, 4);
    rig.stream.lose();

    const running = rig.start();
    while (warned("rows-missing").length === 0) await new Promise(setImmediate);
    await running.stop();
    expect(rig.catalogue.states.get(SHARD)?.size).toBe(4);
  });
});

describe("an offset out of range", () => {
  it("is a gap that is recorded and an alert, and the rest is archived", async () => {
    await archive(numbers(0, 5));
    await rig.send(numbers(5, 10));
    await rig.stream.trim(TOPICS.events, 0, 8);
    const running = await restartAndSend([10]);
    await restartAndSend([11]);

    expect(await rig.archived()).toEqual([...numbers(0, 5), 8, 9, -1, 10, 11]);
    expect((await rig.records())[7]).toMatchObject({
      kind: "gap",
      network: "daybook",
      account: "dept.example",
      gap: { about: "daybook.events/0 offsets 5 to 7" },
    });
    expect(logged("error")).toMatchObject([{ kind: "expired", from: 5, to: 8 }]);
    expect(running.progress.status(SHARD).gaps).toBe(1);
  });

  it("that comes while it runs is the same", async () => {
    // The catalogue holds everything up until three segments are on their way, and what follows expires.
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    rig.catalogue.before = () => held;
    const running = rig.start();
    await rig.send(numbers(0, 20_000));
    while (!rig.stores.heads.objects.has(headKey(SHARD)))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await rig.stream.trim(TOPICS.events, 0, 19_000);
    release();
    await running.until(await rig.send([20_000]));
    await running.stop();

    const archived = await rig.archived();
    const gapAt = archived.indexOf(-1);
    const last = Math.max(...archived.slice(0, gapAt).filter((n) => n < 19_000));
    expect(archived).toEqual([
      ...numbers(0, last + 1),
      ...numbers(19_000, 20_000),
      ...archived.slice(last + 1_001),
    ]);
    expect(archived.slice(last + 1_001).toSorted((a, b) => a - b)).toEqual([-1, 20_000]);
    expect((await rig.records())[gapAt]?.gap?.about).toBe(`daybook.events/0 offsets ${last + 1} to 18999`);
  });

  it("is not doubled by a crash before the next commit", async () => {
    await archive(numbers(0, 5));
    await rig.send(numbers(5, 10));
    await rig.stream.trim(TOPICS.events, 0, 8);
    // The gap is sent, and its answer lost: it is sent again.
    rig.stream.faults.push("kept", "kept");
    await restartAndSend([10]);

    expect(await rig.archived()).toEqual([...numbers(0, 5), 8, 9, -1, 10]);
  });

  it("beyond the end of the stream is a gap too, and the stream is read from its beginning", async () => {
    await archive(numbers(0, 10));
    // It comes back from a backup: the same history, shorter; then others are appended where some were.
    const { sealer } = ciphers(rig.keys.ingest);
    const restored = new MemoryStream();
    restored.id = rig.stream.id;
    const send = async (events: readonly number[]) => {
      const payloads = await Promise.all(events.map((n) => sealer.seal(eventBytes(n), context)));
      return (await restored.send(TOPICS.events, 0, payloads)) + payloads.length;
    };
    await send([0, 1, 2, 3, 20, 21]);
    const running = rig.start({ stream: restored, producer: restored, trimmer: restored });
    while (!running.progress.status(SHARD).running) await new Promise(setImmediate);
    await running.until(await send([22]));
    await running.stop();

    expect(await rig.archived()).toEqual([...numbers(0, 10), 20, 21, -1, 22]);
    expect(logged("error")).toMatchObject([{ kind: "cut-short", from: 6, to: 10 }]);
  });
});
