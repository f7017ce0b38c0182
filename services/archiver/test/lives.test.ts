import { setTimeout as sleep } from "node:timers/promises";
import { headKey } from "@daybook/archive-core";
import { TOPICS } from "@daybook/contract";
import { Metrics } from "@daybook/runtime";
import { ArchiverProgress } from "../src/index.ts";
import { makeRig, type Rig, SHARD } from "./support/rig.ts";

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});

async function expectRowsOfLog(): Promise<void> {
  const ids = (await rig.records()).map((record) => record.id);
  expect(rig.catalogue.ids(SHARD)).toEqual(ids);
}

describe("a catalogue that goes back under a running archiver", () => {
  it.each([
    ["was dropped", () => rig.catalogue.drop()],
    [
      "is that of an hour ago",
      () => {
        const state = rig.catalogue.states.get(SHARD)!;
        for (const [id, { index }] of rig.catalogue.rows) if (index >= 10) rig.catalogue.rows.delete(id);
        rig.catalogue.states.set(SHARD, { size: 10, stream: { ...state.stream, offset: 10 } });
      },
    ],
  ])("and %s takes nothing that returns for new, and gets its rows again", async (_, goBack) => {
    const metrics = new Metrics();
    const running = rig.start({ metrics });
    await running.until(await rig.send(numbers(0, 50)));
    goBack();
    await running.until(await rig.send([...numbers(20, 50), 50, 51]));
    await running.stop();

    expect(await rig.archived()).toEqual(numbers(0, 52));
    await expectRowsOfLog();
    expect(metrics.render()).toMatch(/shard_restarts_total\{shard="0",why="out-of-order"\} [1-9]/);
  });

  it("commits nothing that it took before, once a look-up was refused", async () => {
    const shards = rig.options().shards.map((shard) => ({ ...shard, lingerMs: 60_000 }));
    const running = rig.start({ shards });
    await running.until(await rig.send(numbers(0, 10)));
    const head = rig.stores.heads.objects.get(headKey(SHARD));
    await rig.send([10, 11]);
    while (running.progress.status(SHARD).settled < 10) await sleep(5);
    await sleep(50);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    rig.catalogue.drop();
    rig.catalogue.before = () => held;
    await rig.send([5, 12]);
    while (running.progress.status(SHARD).running) await sleep(5);
    expect(rig.stores.heads.objects.get(headKey(SHARD))).toEqual(head);

    release();
    await running.until(14);
    await running.stop();
    expect(await rig.archived()).toEqual(numbers(0, 13));
    await expectRowsOfLog();
  });

  it("in the middle of a commit: its rows are refused, and made again", async () => {
    const running = rig.start();
    await running.until(await rig.send(numbers(0, 10)));
    let isFirst = true;
    rig.catalogue.before = async () => {
      if (isFirst) rig.catalogue.drop();
      isFirst = false;
    };
    await running.until(await rig.send([...numbers(3, 7), ...numbers(10, 20)]));
    await running.stop();

    expect(await rig.archived()).toEqual(numbers(0, 20));
    await expectRowsOfLog();
  });

  it("keeps who waits waiting, through every life of the shard", async () => {
    const running = rig.start();
    await running.until(await rig.send(numbers(0, 10)));
    const waiting = running.progress.archived(SHARD, 13);
    rig.catalogue.drop();
    await rig.send([10, 11]);
    await sleep(200);
    await rig.send([12]);

    await expect(waiting).resolves.toBeUndefined();
    await running.stop();
  });
});

describe("two archivers on one shard", () => {
  it("fork nothing, lose nothing, double nothing, and both go on by themselves", async () => {
    const [one, two] = [rig.start(), rig.start({ progress: new ArchiverProgress([SHARD]) })];
    for (let i = 0; i < 40; i += 1) {
      await rig.send([...numbers(i * 10, i * 10 + 10), Math.max(0, i * 10 - 15)]);
      await sleep(5);
    }
    const { next } = await rig.stream.range(TOPICS.events, 0);
    await Promise.all([one.until(next), two.until(next)]);
    await Promise.all([one.stop(), two.stop()]);

    const warned = rig.lines().filter(({ message }) => message === "a shard is taken up again");
    expect(warned.length).toBeGreaterThan(0);
    expect((await rig.archived()).toSorted((a, b) => a - b)).toEqual(numbers(0, 400));
    await expectRowsOfLog();
  });
});

describe("another history in the place of the log", () => {
  it("is a fork, at which the archiver stops for good", async () => {
    const other = await makeRig();
    const elsewhere = other.start();
    await elsewhere.until(await other.send(numbers(100, 140)));
    await elsewhere.stop();
    const running = rig.start();
    await running.until(await rig.send(numbers(0, 20)));
    for (const store of ["records", "heads", "keyring"] as const) {
      rig.stores[store].objects.clear();
      for (const [key, value] of other.stores[store].objects)
        rig.stores[store].objects.set(key, value as never);
    }
    for (const [id, place] of other.catalogue.rows) rig.catalogue.rows.set(id, place);
    rig.catalogue.states.set(SHARD, other.catalogue.states.get(SHARD)!);
    await rig.send([20]);

    await expect(running.done).rejects.toMatchObject({ code: "fork" });
    expect(running.progress.status(SHARD)).toMatchObject({ running: false, blocked: "fork" });
    expect(await other.archived()).toEqual(numbers(100, 140));
  });
});

it("does not take another archiver's rows for a catalogue that holds more than the log", async () => {
  const busy = rig.start();
  await busy.until(await rig.send(numbers(0, 10)));
  let isFirst = true;
  const position = rig.catalogue.position.bind(rig.catalogue);
  // Between its look at the log and its look at the catalogue the other commits.
  rig.catalogue.position = async (shard) => {
    if (isFirst) {
      isFirst = false;
      await busy.until(await rig.send(numbers(10, 20)));
    }
    return position(shard);
  };
  const late = rig.start({ progress: new ArchiverProgress([SHARD]) });
  await late.until(20);
  await Promise.all([busy.stop(), late.stop()]);

  expect(rig.lines().filter(({ level }) => level === "error")).toEqual([]);
  expect(await rig.archived()).toEqual(numbers(0, 20));
});
