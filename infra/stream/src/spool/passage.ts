import { StreamError } from "../port.ts";
import { Ages } from "./ages.ts";

/** Batches whose place downstream is remembered; asked about an older one, a later place is said. */
const REMEMBERED = 1_024;

interface Waiter {
  readonly offset: number;
  readonly resolve: (downstream: number | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** How far one partition's messages are on their way: in the spool, and downstream. */
export class Passage {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the first message that the downstream has not acknowledged. */
  forwarded: number;
  /** Offset that the next durable message gets. */
  next: number;
  /** What the unsent messages take on the disk, with those that are being written. */
  unsentBytes: number;
  /** Messages that the downstream has acknowledged since the start. */
  passed = 0;
  /** Attempts to forward that failed since the start, and whether the last one did. */
  failures = 0;
  isFailing = false;
  readonly #ages: Ages;
  /** Ascending. `start` and `end` are offsets here, `first` is that of `start` downstream. */
  readonly #batches: { readonly start: number; readonly end: number; readonly first: number }[] = [];
  readonly #waiters = new Set<Waiter>();
  #closed: StreamError | undefined;

  constructor(of: {
    topic: string;
    partition: number;
    forwarded: number;
    next: number;
    unsentBytes: number;
    /** No unsent message came earlier, ms since 1970. */
    since: number;
  }) {
    this.topic = of.topic;
    this.partition = of.partition;
    this.forwarded = of.forwarded;
    this.next = of.next;
    this.unsentBytes = of.unsentBytes;
    this.#ages = new Ages(of.forwarded, of.since);
  }

  /** No unsent message came earlier, ms since 1970; undefined when nothing is unsent. */
  get unsentSince(): number | undefined {
    return this.forwarded < this.next ? this.#ages.of(this.forwarded) : undefined;
  }

  /** Takes up messages that have become durable in the spool. @param at when they came, or earlier */
  keep(first: number, count: number, at: number): void {
    this.#ages.note(first, at);
    this.next = Math.max(this.next, first + count);
  }

  /** Takes up that the downstream has acknowledged the next messages. @param first offset of the first, downstream */
  pass(count: number, bytes: number, first: number): void {
    const start = this.forwarded;
    this.forwarded += count;
    // A reader sees a message before its sender does.
    this.next = Math.max(this.next, this.forwarded);
    this.passed += count;
    this.unsentBytes -= bytes;
    this.isFailing = false;
    this.#batches.push({ start, end: this.forwarded, first });
    if (this.#batches.length > REMEMBERED) this.#batches.shift();
    for (const waiter of this.#waiters) {
      if (waiter.offset > this.forwarded) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(this.#placeOf(waiter.offset));
    }
  }

  fail(): void {
    this.failures += 1;
    this.isFailing = true;
  }

  /**
   * Resolves once everything below `offset` is downstream, with the offset after the last of it there, or a later
   * one; with undefined for what was there before the start.
   */
  until(offset: number, signal?: AbortSignal): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed;
      signal?.throwIfAborted();
      if (offset <= this.forwarded) {
        resolve(this.#placeOf(offset));
        return;
      }
      const leave = () => {
        this.#waiters.delete(waiter);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        offset,
        resolve: (downstream) => {
          signal?.removeEventListener("abort", leave);
          resolve(downstream);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", leave);
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** Gives up whoever waits. */
  close(): void {
    this.#closed = new StreamError("closed", "the spool is closed");
    for (const { reject } of this.#waiters) reject(this.#closed);
    this.#waiters.clear();
  }

  /** The place downstream after everything below `offset`; a later one when its batch is forgotten. */
  #placeOf(offset: number): number | undefined {
    const batch = this.#batches.find(({ end }) => end >= offset);
    return batch && batch.first + Math.max(0, offset - batch.start);
  }
}
