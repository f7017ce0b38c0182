import type { SealedRecord, ShardLog } from "../src/index.ts";
import { type Fault, memoryStores, type MemoryStores } from "../testing/index.ts";
import { crashAt, restart } from "./support/crash.ts";
import { sealedRecords } from "./support/segments.ts";
import { append, at, expectConsistent, keyBlock, loggedIds, open, publishedNote } from "./support/shard.ts";

const ids = (records: readonly { id: string }[]) => records.map((r) => r.id);

/** Sizes around the border of a tile: full tiles are written at the second, none at the others. */
const BATCHES = [3, 253, 40, 1];

/**
 * What the archiver does: drafts batch by batch from where the log stands in the stream. `acknowledged` grows
 * with every commit that was answered.
 */
async function archive(
  stores: MemoryStores,
  source: SealedRecord[][],
  acknowledged: string[],
): Promise<void> {
  const log = await open(stores);
  await archiveOn(log, source, acknowledged);
}

async function archiveOn(log: ShardLog, source: SealedRecord[][], acknowledged: string[]): Promise<void> {
  let done = 0;
  for (const batch of source) {
    done += batch.length;
    if (done <= log.size) continue;
    // Sealed anew after a restart, so the packets differ, as OpenPGP's do.
    const records = batch.map((record) => ({ ...sealedRecords(1)[0]!, id: record.id }));
    await append(log, records);
    acknowledged.push(...ids(batch));
  }
}

describe("a crash", () => {
  const source = BATCHES.map((count) => sealedRecords(count));

  it("at any boundary of any store operation loses and doubles nothing, and forks from no checkpoint", async () => {
    let boundaries = Infinity;
    for (let n = 1; n <= boundaries; n += 1) {
      const stores = memoryStores({ keyringCopy: true });
      const notes = new Set<string>();
      const acknowledged: string[] = [];
      const crash = crashAt(stores, n);
      const whole = archive(stores, source, acknowledged).then(() => (boundaries = crash.operations()));
      await Promise.race([crash.come, whole]);
      restart(stores);
      const note = await publishedNote(stores);
      if (note !== undefined) notes.add(note);
      const before = [...acknowledged];
      await archive(stores, source, acknowledged);

      const logged = await loggedIds(stores);
      expect([n, logged]).toEqual([n, ids(source.flat())]);
      expect(logged.slice(0, before.length)).toEqual(before);
      await expectConsistent(stores, notes);
    }
    expect(boundaries).toBeLessThan(1_000);
  });

  it("after a crash after a crash does no more harm", async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const stores = memoryStores();
      const notes = new Set<string>();
      const acknowledged: string[] = [];
      // Steps that grow, so that it comes through; in no step of the others.
      for (let step = seed; ; step = Math.ceil(step * 1.7)) {
        const crash = crashAt(stores, step);
        const whole = archive(stores, source, acknowledged).then(() => true);
        const finished = await Promise.race([crash.come.then(() => false), whole]);
        restart(stores);
        const note = await publishedNote(stores);
        if (note !== undefined) notes.add(note);
        if (finished) break;
      }

      expect([seed, await loggedIds(stores)]).toEqual([seed, ids(source.flat())]);
      await expectConsistent(stores, notes);
    }
  });

  it("of a writer whose last head is on its way loses nothing when that head arrives late", async () => {
    const stores = memoryStores();
    await append(await open(stores), sealedRecords(5));
    const slow = await open(stores);
    let deliver: () => void = () => undefined;
    const delayed = new Promise<void>((resolve) => (deliver = resolve));
    stores.heads.hook = ({ operation, key }, when) =>
      operation === "replace" && key.endsWith("/head") && when === "before" ? delayed : undefined;
    const late = append(slow, sealedRecords(2)).catch((error: unknown) => error);
    await new Promise(setImmediate);
    stores.heads.hook = undefined;
    const next = await open(stores);
    await append(next, sealedRecords(4));
    deliver();

    expect(await late).toMatchObject({ code: "overtaken" });
    expect(await loggedIds(stores)).toHaveLength(9);
  });
});

describe("a store that fails", () => {
  const places = [
    ["keyring", "replace"],
    ["keyringCopy", "replace"],
    ["records", "put"],
    ["heads", "replace"],
    ["heads", "put"],
    ["heads", "read"],
    ["heads", "remove"],
  ] as const;
  const faults: Fault[] = ["lost", "kept", "full"];
  const cases = places.flatMap(([store, operation]) =>
    faults.flatMap((fault) => [1, 2, 3, 4].map((times) => ({ store, operation, fault, times }))),
  );

  it.each(cases)(
    "in $operation of $store ($fault, the first $times times) holds the commit up and harms nothing",
    async ({ store, operation, fault, times }) => {
      const stores = memoryStores({ keyringCopy: true });
      const log = await open(stores);
      const batches = [sealedRecords(250), sealedRecords(300), sealedRecords(3)];
      for (const records of batches) {
        const draft = log.draft(records);
        const target = stores[store] as unknown as { fail(operation: string, ...faults: Fault[]): void };
        target.fail(operation, ...Array.from({ length: times }, () => fault));
        for (let attempt = 0; ; attempt += 1) {
          expect(attempt).toBeLessThanOrEqual(3 * times);
          try {
            await log.commit(draft, keyBlock(records), at(draft.size));
            break;
          } catch (error) {
            expect(error).toMatchObject({ retryable: true });
          }
        }
      }

      expect(await loggedIds(stores)).toEqual(ids(batches.flat()));
      const reopened = await open(stores);
      expect(reopened.size).toBe(553);
    },
  );
});
