import {
  type Draft,
  MAX_SEGMENT_BYTES,
  MAX_SEGMENT_RECORDS,
  type ShardLog,
  type StreamPosition,
} from "@daybook/archive-core";
import { CatalogueError } from "@daybook/catalogue";
import { buildKeyBlock } from "@daybook/openpgp";
import { attachmentKey, claimAttachments } from "./attachments.ts";
import type { Arrival } from "./decode.ts";
import { attachmentGap, sendGap } from "./gaps.ts";
import { keyLines, sealedAttachments } from "./key-lines.ts";
import type { ShardContext } from "./options.ts";
import type { ShardReporter } from "./progress.ts";
import { isRetryable, retrying } from "./retry.ts";
import { rowsOf } from "./rows.ts";

/** Segments between closing and catalogued: sealing runs ahead of committing, and committing of the catalogue. */
const MAX_IN_FLIGHT = 3;
const DAY_MS = 86_400_000;

/** A closed segment on its way. Each step waits for the same step of the one before. */
interface InFlight {
  readonly committed: Promise<void>;
  readonly settled: Promise<void>;
}

const NOTHING: InFlight = { committed: Promise.resolve(), settled: Promise.resolve() };

/**
 * Seals, commits and catalogues one shard's records, in order. The ids of records that are on their way are
 * known here until the catalogue knows them.
 */
export class ShardWriter {
  readonly #context: ShardContext;
  readonly #log: ShardLog;
  readonly #reporter: ShardReporter;
  readonly #signal: AbortSignal;
  readonly #onFailure: (error: unknown) => void;
  readonly #onSettled: (position: StreamPosition) => void;
  #failure: { readonly error: unknown } | undefined;
  #settledSize: number;
  readonly #ids = new Set<string>();
  readonly #inFlight = new Set<InFlight>();
  #last: InFlight = NOTHING;
  #beforeLast: InFlight = NOTHING;
  #open: Arrival[] = [];
  #openBytes = 0;
  #linger: NodeJS.Timeout | undefined;
  /** Offset after the last event that was taken, parked or found to be known. */
  #handled: number;

  /**
   * @param options.signal ends retries; what needs none is still finished
   * @param options.onSettled told of each position that both log and catalogue have come to
   * @param options.onFailure told of what repeating cannot mend; the writer then closes no more segments
   */
  constructor(options: {
    context: ShardContext;
    log: ShardLog;
    reporter: ShardReporter;
    from: number;
    signal: AbortSignal;
    onSettled: (position: StreamPosition) => void;
    onFailure: (error: unknown) => void;
  }) {
    this.#context = options.context;
    this.#log = options.log;
    this.#reporter = options.reporter;
    this.#handled = options.from;
    this.#settledSize = options.log.size;
    this.#signal = options.signal;
    this.#onSettled = options.onSettled;
    this.#onFailure = options.onFailure;
  }

  /** Size of the log up to which the catalogue was seen to have every row. */
  get settledSize(): number {
    return this.#settledSize;
  }

  /** Whether a record of this id is on its way. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /**
   * Resolves once `count` records more can be taken: the open segment may fill while others are on their way, but
   * must not have to close. Rejects with what stopped the writer.
   */
  async room(count: number): Promise<void> {
    while (
      this.#inFlight.size >= MAX_IN_FLIGHT &&
      (this.#open.length + count > MAX_SEGMENT_RECORDS || this.#openBytes >= MAX_SEGMENT_BYTES / 2)
    ) {
      await Promise.race([...this.#inFlight].map(({ settled }) => settled));
    }
  }

  /** Takes a new record. */
  take(arrival: Arrival): void {
    const { length } = arrival.packet;
    if (this.#openBytes + length > MAX_SEGMENT_BYTES) this.close();
    this.#ids.add(arrival.id);
    this.#open.push(arrival);
    this.#openBytes += length;
    this.#handled = arrival.offset + 1;
    if (this.#open.length >= MAX_SEGMENT_RECORDS || this.#openBytes >= MAX_SEGMENT_BYTES) this.close();
    else this.#linger ??= setTimeout(() => this.close(), this.#context.lingerMs);
  }

  /** Offset of the next event to take. */
  get next(): number {
    return this.#handled;
  }

  /** Says that nothing is left to do for the events below `offset`, but what is on its way already. */
  handled(offset: number): void {
    this.#handled = offset;
    this.closeIfWanted();
    this.#settleIfIdle();
  }

  /** Closes the open segment if somebody waits for an event in it. */
  closeIfWanted(): void {
    if (this.#reporter.wantsFlush(this.#handled)) this.close();
  }

  /** Closes the open segment, if it holds anything, and sends it on its way. */
  close(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#open.length === 0 || this.#failure) return;
    const records = this.#open;
    this.#open = [];
    this.#openBytes = 0;
    try {
      this.#send(records, this.#log.draft(records));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Commits nothing any more: what was taken is left to the next reading. */
  abandon(error: unknown): void {
    this.#failure ??= { error };
    clearTimeout(this.#linger);
  }

  /** Finishes what was begun, unless abandoned. Rejects with what stopped it; nothing is under way any more then. */
  async finish(): Promise<void> {
    this.close();
    await Promise.allSettled([...this.#inFlight].map(({ settled }) => settled));
    await this.#last.settled;
  }

  #send(records: readonly Arrival[], draft: Draft): void {
    const { stream, partition } = this.#context;
    const position = { id: stream.id, partition, offset: this.#handled };
    const before = this.#last;
    const committed = this.#commit(draft, records, position, before.committed);
    const settled = this.#catalogue(draft, records, position, {
      committed,
      previous: before.settled,
      room: this.#beforeLast.settled,
    }).then(() => this.#settle(draft, records, position));
    const inFlight = { committed, settled };
    this.#inFlight.add(inFlight);
    this.#beforeLast = before;
    this.#last = inFlight;
    settled.then(
      () => {
        this.#inFlight.delete(inFlight);
        this.#settleIfIdle();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    this.abandon(error);
    this.#onFailure(error);
  }

  async #commit(
    draft: Draft,
    records: readonly Arrival[],
    position: StreamPosition,
    previous: Promise<void>,
  ): Promise<void> {
    const [block] = await Promise.all([
      buildKeyBlock(keyLines(records, draft.first), this.#context.recipients()),
      this.#claimAttachments(records),
    ]);
    await previous;
    await this.#retrying("commit", async () => {
      if (this.#failure) throw this.#failure.error;
      await this.#log.commit(draft, block, position);
    });
  }

  /** Attachments are claimed before the commit: their first lock is short. */
  async #claimAttachments(records: readonly Arrival[]): Promise<void> {
    const { stores, lockDays, now, log } = this.#context;
    const sealed = records.flatMap(sealedAttachments);
    if (sealed.length === 0) return;
    const retainUntil = new Date(now().getTime() + lockDays * DAY_MS);
    const missing = await this.#retrying("attachments", () =>
      claimAttachments(stores.records, sealed, retainUntil),
    );
    for (const arrival of missing.size > 0 ? records : []) {
      for (const [n, one] of sealedAttachments(arrival).entries()) {
        if (!missing.has(one)) continue;
        log.error({ id: arrival.id, object: attachmentKey(one) }, "an attachment is not in the store");
        this.#reporter.count("gaps");
        await this.#retrying("gap", () => sendGap(this.#context, attachmentGap(arrival, n, now())));
      }
    }
  }

  async #catalogue(
    draft: Draft,
    records: readonly Arrival[],
    position: StreamPosition,
    after: { committed: Promise<void>; previous: Promise<void>; room: Promise<void> },
  ): Promise<void> {
    const { catalogue, indexer, shard } = this.#context;
    await after.committed;
    await after.room;
    const rows = () => rowsOf(draft, records, { shard, indexer });
    const state = { shard, from: draft.first, size: draft.size, stream: position };
    try {
      await catalogue.write(rows, state);
      await after.previous;
    } catch (error) {
      // It may only be that the write before this one, which it overlaps, has to be repeated first.
      const overtaken = error instanceof CatalogueError && error.code === "out-of-order";
      if (!overtaken && !isRetryable(error)) throw error;
      await after.previous;
      await this.#retrying("catalogue", () => catalogue.write(rows, state));
    }
  }

  #settle(draft: Draft, records: readonly Arrival[], position: StreamPosition): void {
    for (const { id } of records) this.#ids.delete(id);
    this.#settledSize = draft.size;
    this.#reporter.committed(draft.size, position);
    this.#reporter.settle(position.offset);
    this.#context.upkeep.wrote();
    this.#onSettled(position);
  }

  #settleIfIdle(): void {
    if (this.#open.length === 0 && this.#inFlight.size === 0) this.#reporter.settle(this.#handled);
  }

  #retrying<T>(what: string, work: () => Promise<T>): Promise<T> {
    return retrying(work, { what, log: this.#context.log, signal: this.#signal });
  }
}
