import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import type { ArchiveRecord } from "@daybook/archive-core";
import {
  CatalogueError,
  type CatalogueWriter,
  type DisposedRecord,
  type IndexedRecord,
  type RecordIndexer,
} from "@daybook/catalogue";
import type { Logger } from "@daybook/runtime";
import type { ArchiveReader, WalkedSegment } from "./archive-reader.ts";
import type { Changes } from "./changes.ts";
import { RecordsError } from "./error.ts";
import type { Replay } from "./replay.ts";
import type { AuditTrail } from "./trail.ts";

export interface Progress {
  readonly what: "registry" | "catalogue";
  readonly shard: string;
  readonly done: number;
  readonly of: number;
}

export interface RebuildOptions {
  readonly archive: ArchiveReader;
  readonly catalogueWriter: CatalogueWriter;
  readonly indexer: RecordIndexer;
  readonly replay: Replay;
  readonly changes: Changes;
  readonly trail: AuditTrail;
  readonly log: Logger;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** Rows of one transaction, about: small segments go together. */
const ROWS_AT_ONCE = 4_096;
/** Writes under way at a time: one inserts while the other learns words. */
const WRITES = 2;
/** Records opened in one go: other work of the process waits for some milliseconds at most. */
const SLICE = 128;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;

/** Makes what PostgreSQL holds again from the objects and the keys. */
export class Rebuild {
  readonly #options: RebuildOptions;
  #running = false;
  #isWhole = true;
  /** Shards of a running rebuild that are not through. */
  readonly #remaining = new Set<string>();
  /** The last span of each shard that was asked for. */
  readonly #spans = new Map<string, Promise<void>>();

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  /** Whether the catalogue lacks rows because of a rebuild, running or cut off. */
  get unfinished(): boolean {
    return !this.#isWhole;
  }

  /** Learns whether a rebuild was cut off, and not made up for since. For the start. */
  async open(): Promise<void> {
    this.#isWhole = !(await this.#options.catalogueWriter.isRebuilding());
    if (!this.#isWhole) await this.#endIfWhole();
  }

  /**
   * Registry, matters, rights, holds and disposals from the audit log; then the whole catalogue from the segments.
   * Archivers that run see that rows are missing and wait for them. Whatever may heal is repeated; after a crash or a
   * failure the next call goes on from where each shard is.
   *
   * @returns how many records have rows again
   * @throws {RecordsError} `conflict` while one runs
   */
  async all(actor: string, onProgress: (progress: Progress) => void): Promise<number> {
    if (this.#running) throw new RecordsError("conflict", "a rebuild is under way: wait until it is through");
    this.#running = true;
    try {
      return await this.#all(actor, onProgress);
    } catch (error) {
      // To go on from rows of another log would lead here again.
      if (error instanceof CatalogueError && error.code === "diverged") {
        await this.#options.catalogueWriter.drop().catch(() => undefined);
      }
      throw error;
    } finally {
      this.#remaining.clear();
      this.#running = false;
    }
  }

  async #all(actor: string, onProgress: (progress: Progress) => void): Promise<number> {
    const { archive, catalogueWriter, replay, changes, trail } = this.#options;
    await trail.record({ actor, action: "rebuild" });
    // One that goes on has made these.
    const goesOn = await catalogueWriter.isRebuilding();
    await changes.exclusively(async ({ session }) => {
      await replay.catchUp(session);
      if (goesOn) return;
      await replay.renew(session, (done, of) => onProgress({ what: "registry", shard: "audit", done, of }));
    });
    for (const shard of archive.shards) this.#remaining.add(shard);
    this.#isWhole = false;
    if ((await catalogueWriter.beginRebuild()) && !(await this.#fits())) await catalogueWriter.drop();
    let records = 0;
    for (const shard of archive.shards) {
      const size = (await archive.state(shard))?.size ?? 0;
      records += size;
      const report = (done: number) => onProgress({ what: "catalogue", shard, done, of: size });
      await this.#persist(() => this.#inTurn(shard, size, report));
      this.#remaining.delete(shard);
    }
    await this.#persist(async () => {
      await catalogueWriter.settle();
      await catalogueWriter.analyzeIfDue();
      await catalogueWriter.endRebuild();
    });
    this.#isWhole = true;
    return records;
  }

  /**
   * Writes the rows of a shard up to a size, from where the catalogue is, and the shard's state with them: for the
   * archiver, which waits for it before it archives anything. May be repeated.
   *
   * @throws {RecordsError} `starting` while a rebuild is at this shard, or yet to come to it
   */
  async span({ shard, size }: { shard: string; size: number }): Promise<void> {
    if (this.#remaining.has(shard))
      throw new RecordsError("starting", "the catalogue is being rebuilt: try again when that is done");
    await this.#inTurn(shard, size, () => undefined);
    if (!this.#isWhole && !this.#running) await this.#endIfWhole();
  }

  /** Spans may have made up for a rebuild that was cut off. */
  async #endIfWhole(): Promise<void> {
    const lacks = await this.#differences();
    if (lacks.some((rows) => rows > 0)) return;
    await this.#options.catalogueWriter.endRebuild();
    this.#isWhole = true;
  }

  /** Whether what a rebuild left can be of these logs. */
  async #fits(): Promise<boolean> {
    return (await this.#differences()).every((rows) => rows >= 0);
  }

  /** Rows that the catalogue lacks, by shard. */
  async #differences(): Promise<number[]> {
    const { archive, catalogueWriter } = this.#options;
    const differences: number[] = [];
    for (const shard of archive.shards) {
      const size = (await archive.state(shard))?.size ?? 0;
      differences.push(size - ((await catalogueWriter.position(shard))?.size ?? 0));
    }
    return differences;
  }

  /** One at a time of a shard: an archiver whose call timed out asks again while its first is still at work. */
  async #inTurn(shard: string, size: number, onProgress: (done: number) => void): Promise<void> {
    const before = this.#spans.get(shard) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#rows(shard, size, onProgress));
    this.#spans.set(shard, mine);
    try {
      await mine;
    } finally {
      if (this.#spans.get(shard) === mine) this.#spans.delete(shard);
    }
  }

  /** Makes the rows from where the catalogue is. */
  async #rows(shard: string, size: number, onProgress: (done: number) => void): Promise<void> {
    const { archive, catalogueWriter, indexer, signal } = this.#options;
    const state = await archive.state(shard);
    const from = (await catalogueWriter.position(shard))?.size ?? 0;
    if (!state || from >= size) return;
    const writing: Promise<void>[] = [];
    let rows: (IndexedRecord | DisposedRecord)[] = [];
    let start = from;
    const write = async (end: number) => {
      // Until the last of them the stream is no help, so its position may stand from the first on.
      const written = catalogueWriter
        .write(rows, { shard, from: start, size: end, stream: state.stream })
        .then(() => onProgress(end));
      written.catch(() => undefined);
      writing.push(written);
      rows = [];
      start = end;
      if (writing.length >= WRITES) await writing.shift();
    };
    try {
      let end = from;
      for await (const segment of archive.walk(shard, { from, size })) {
        for (let i = Math.max(from - segment.first, 0); i < segment.leaves.length; i += 1) {
          rows.push(rowAt(segment, i, indexer));
          if (rows.length % SLICE === 0) await breathe();
        }
        end = segment.first + segment.leaves.length;
        if (rows.length >= ROWS_AT_ONCE) await write(end);
        signal.throwIfAborted();
      }
      if (rows.length > 0) await write(end);
      await Promise.all(writing);
    } finally {
      // A later try begins where these leave the catalogue.
      await Promise.allSettled(writing);
    }
  }

  /** Repeats what may heal: PostgreSQL or a store that goes away for a while does not end a rebuild of hours. */
  async #persist(work: () => Promise<void>): Promise<void> {
    const { log, signal } = this.#options;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
      try {
        return await work();
      } catch (err) {
        const mayHeal =
          (err as { retryable?: unknown }).retryable === true ||
          (err instanceof CatalogueError && err.code === "out-of-order");
        if (!mayHeal || signal.aborted) throw err;
        log.warn({ err, retryInMs: waitMs }, "a step of the rebuild failed, repeating it");
      }
      await sleep(waitMs, undefined, { signal });
    }
  }
}

function rowAt(segment: WalkedSegment, i: number, indexer: RecordIndexer): IndexedRecord | DisposedRecord {
  const { shard, first, seg } = segment;
  const leaf = segment.leaves[i];
  if (!leaf) throw new RangeError("no such leaf");
  const record: ArchiveRecord | undefined = segment.record(i);
  // A key that is gone without a disposal is for `fsck` to say; here it only means that there is nothing to index.
  if (!record) return { id: leaf.id, position: { shard, index: first + i }, disposed: true };
  return indexer.index(record, {
    shard,
    index: first + i,
    segment: { firstIndex: first, digest: seg },
    off: leaf.off,
    len: leaf.len,
  });
}
