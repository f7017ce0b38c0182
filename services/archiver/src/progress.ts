import type { StreamPosition } from "@daybook/archive-core";
import { ArchiverError } from "./error.ts";

/** How far a shard is. */
export interface ShardStatus {
  readonly shard: string;
  readonly running: boolean;
  /** Whether this process has the shard: where several share them, another may. */
  readonly owned: boolean;
  /** Code of the error for which the shard waits for an operator. */
  readonly blocked: string | undefined;
  /** Records that are committed and catalogued. */
  readonly size: number;
  /** Where a restart would read from: the lesser of the head's and the catalogue's position. */
  readonly position: StreamPosition | undefined;
  /** Everything below this offset is archived and can be searched. */
  readonly settled: number;
  /** Since the start of the process. */
  readonly parked: number;
  readonly gaps: number;
  readonly duplicates: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Waiter {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: ArchiverError) => void;
}

interface Entry {
  readonly status: Mutable<ShardStatus>;
  readonly waiters: Set<Waiter>;
  /** The highest offset that somebody wants archived without waiting for the linger. */
  flushTo: number;
  flush: () => void;
}

/**
 * What the archiver has done, for those who wait for it. Made before the archiver runs, so that routes can
 * be mounted; whoever asks early waits.
 */
export class ArchiverProgress {
  readonly #shards: ReadonlyMap<string, Entry>;

  constructor(shards: readonly string[]) {
    this.#shards = new Map(
      shards.map((shard) => [
        shard,
        {
          status: {
            shard,
            running: false,
            owned: true,
            blocked: undefined,
            size: 0,
            position: undefined,
            settled: 0,
            parked: 0,
            gaps: 0,
            duplicates: 0,
          },
          waiters: new Set(),
          flushTo: 0,
          flush: () => undefined,
        },
      ]),
    );
  }

  /** Every shard, in the order they were named. */
  shards(): ShardStatus[] {
    return [...this.#shards.values()].map(({ status }) => ({ ...status }));
  }

  /** @throws {ArchiverError} `unknown-shard` */
  status(shard: string): ShardStatus {
    return { ...this.#entry(shard).status };
  }

  /**
   * Resolves once every event below `offset` of the shard's partition is committed and can be searched.
   *
   * @param flush closes the open segment as soon as it holds them, instead of waiting for its linger
   * @throws {ArchiverError} `unknown-shard`; `not-owner` when another process has the shard, or gets it meanwhile;
   *   `stopped` when the archiver ends, the shard stops for good or `signal` aborts first
   */
  async archived(
    shard: string,
    offset: number,
    { flush = false, signal }: { flush?: boolean; signal?: AbortSignal } = {},
  ): Promise<void> {
    const entry = this.#entry(shard);
    if (!entry.status.owned) throw notOwner();
    if (entry.status.settled >= offset) return;
    await new Promise<void>((resolve, reject) => {
      const leave = () => reject(new ArchiverError("stopped", "the wait was given up"));
      const waiter: Waiter = {
        offset,
        resolve: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
        reject,
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", () => entry.waiters.delete(waiter), { once: true });
      signal?.addEventListener("abort", leave, { once: true });
      entry.waiters.add(waiter);
      if (!flush) return;
      entry.flushTo = Math.max(entry.flushTo, offset);
      entry.flush();
    });
  }

  /** For the shard's own loop: says how far it is, and is told when to close its segment at once. */
  reporter(shard: string): ShardReporter {
    const entry = this.#entry(shard);
    return {
      start(settled, size, position, flush) {
        entry.flush = flush;
        Object.assign(entry.status, { running: true, blocked: undefined, settled, size, position });
        release(entry);
      },
      settle(settled) {
        entry.status.settled = settled;
        release(entry);
      },
      committed(size, position) {
        Object.assign(entry.status, { size, position });
      },
      count: (what, by = 1) => {
        entry.status[what] += by;
      },
      wantsFlush: (handled) => entry.flushTo > entry.status.settled && handled >= entry.flushTo,
      end() {
        entry.status.running = false;
        entry.flush = () => undefined;
      },
      block(code) {
        entry.status.blocked = code;
      },
      stop() {
        dismiss(entry, new ArchiverError("stopped", "the archiver has stopped"));
      },
      own(isOwned) {
        entry.status.owned = isOwned;
        if (isOwned) return;
        entry.status.blocked = undefined;
        dismiss(entry, notOwner());
      },
    };
  }

  #entry(shard: string): Entry {
    const entry = this.#shards.get(shard);
    if (!entry) throw new ArchiverError("unknown-shard", "this deployment has no such shard");
    return entry;
  }
}

/** How a shard's loop reports. */
export interface ShardReporter {
  start(settled: number, size: number, position: StreamPosition | undefined, flush: () => void): void;
  settle(settled: number): void;
  committed(size: number, position: StreamPosition): void;
  count(what: "parked" | "gaps" | "duplicates", by?: number): void;
  /** Whether somebody waits for events up to `handled` or less, and not for the linger. */
  wantsFlush(handled: number): boolean;
  /** A life of the shard is over. Whoever waits goes on waiting for the next. */
  end(): void;
  /** It waits for an operator, until it starts again. */
  block(code: string): void;
  /** No life follows, in this process. */
  stop(): void;
  /** Whether the shard is this process's. Whoever waits for one that no longer is, is told so. */
  own(isOwned: boolean): void;
}

function notOwner(): ArchiverError {
  return new ArchiverError("not-owner", "another archiver has this shard: ask the next");
}

function dismiss({ waiters }: Entry, error: ArchiverError): void {
  for (const waiter of waiters) waiter.reject(error);
  waiters.clear();
}

function release({ status, waiters }: Entry): void {
  for (const waiter of waiters) {
    if (waiter.offset > status.settled) continue;
    waiters.delete(waiter);
    waiter.resolve();
  }
}
