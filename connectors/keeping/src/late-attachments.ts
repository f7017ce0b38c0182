import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type SealedAttachment } from "@daybook/contract";
import type { ZodType } from "zod";
import { arrived, missing } from "./about-attachment.ts";
import { waitAfter, type Waits } from "./back-off.ts";
import type { Log } from "./log.ts";
import type { ScopedSink } from "./scoped-sink.ts";
import type { StateFile } from "./state-file.ts";
import {
  type AttachmentKind,
  dealtWith,
  keyOf,
  type WaitingAttachment,
  written,
} from "./waiting-attachment.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;
/** Asked again after something of ours took nothing. */
const RETRY_MS = 5_000;

/** What one attempt at an attachment came to. */
export type Fetched =
  | { readonly state: "had"; readonly attachment: SealedAttachment }
  | { readonly state: "later" | "never"; /** A clause, with no user data. */ readonly why: string };

export interface LateAttachmentsOptions<Wanted extends WaitingAttachment> {
  readonly state: StateFile<AttachmentKind>;
  /** What the state file has of them. */
  readonly schema: ZodType<Wanted>;
  /**
   * One attempt.
   *
   * @throws {ConnectorError} retryable: ours takes nothing, or nobody can be asked just now, which is no attempt
   */
  readonly fetch: (wanted: Wanted, sink: ScopedSink, signal: AbortSignal) => Promise<Fetched>;
  readonly waits: Waits;
  /** How many are asked for at once. */
  readonly atOnce: number;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * Fetches the attachments of messages that are recorded already, until they are had or their time is over; either is
 * recorded, with the message as its target. What waits is in the state file.
 */
export class LateAttachments<Wanted extends WaitingAttachment> {
  readonly #options: LateAttachmentsOptions<Wanted>;
  readonly #waiting = new Map<string, Wanted>();
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: LateAttachmentsOptions<Wanted>) {
    this.#options = options;
    for (const value of options.state.all("media")) this.#keep(options.schema.parse(value));
  }

  /** They are in the state file by now. */
  add(wanted: readonly Wanted[]): void {
    for (const one of wanted) this.#keep(one);
    this.#wake();
  }

  /** Runs until `signal` aborts. Rejects when the sink cannot go on. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    await Promise.all(Array.from({ length: this.#options.atOnce }, () => this.#work(sink, signal)));
    signal.removeEventListener("abort", wake);
  }

  async #work(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const awake = this.#awake.promise;
      const first = [...this.#waiting.values()].sort((a, b) => dueAt(a) - dueAt(b))[0];
      const ms = first && dueAt(first) - this.#options.now().getTime();
      if (first === undefined || ms === undefined || ms > 0) {
        await rest(ms, awake, signal);
        continue;
      }
      this.#waiting.delete(keyOf(first));
      try {
        const again = await this.#askFor(first, sink, signal);
        if (again) this.#keep(again);
      } catch (cause) {
        this.#keep(first);
        if (isAborted(signal)) return;
        if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
        this.#options.log.warn(
          { code: cause.code },
          "attachments wait: they cannot be fetched or kept just now",
        );
        await rest(RETRY_MS, new Promise(() => undefined), signal);
      }
    }
  }

  /** @returns what waits on */
  async #askFor(one: Wanted, sink: ScopedSink, signal: AbortSignal): Promise<Wanted | undefined> {
    const { state, fetch, now, waits } = this.#options;
    // What scope leaves out meanwhile is not fetched any more.
    if (await sink.excludes?.(one.core)) {
      await state.write(dealtWith(one));
      return undefined;
    }
    const fetched = await fetch(one, sink, signal);
    signal.throwIfAborted();
    const at = now().getTime();
    if (fetched.state === "later" && at < one.until) {
      const again = { ...one, attempts: one.attempts + 1, nextAt: at + waitAfter(one.attempts, waits) };
      await state.write([written(again)]);
      return again;
    }
    const event =
      fetched.state === "had" ? arrived(one, fetched.attachment, now()) : missing(one, fetched.why);
    await sink.capture([event]);
    await state.write(dealtWith(one));
    return undefined;
  }

  #keep(one: Wanted): void {
    this.#waiting.set(keyOf(one), one);
  }

  #wake(): void {
    this.#awake.resolve();
    this.#awake = Promise.withResolvers();
  }
}

/** Never later than the end of its time. */
function dueAt({ nextAt, until }: WaitingAttachment): number {
  return Math.min(nextAt, until);
}

/** Until there is something new, or so long. */
async function rest(ms: number | undefined, awake: Promise<void>, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  await Promise.race([
    awake,
    sleep(Math.min(ms ?? MAX_TIMER_MS, MAX_TIMER_MS), undefined, { signal: both }).catch(() => undefined),
  ]);
  stop.abort();
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
