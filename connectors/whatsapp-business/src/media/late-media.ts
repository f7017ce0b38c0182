import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import type { GraphClient } from "../graph/graph-client.ts";
import type { Log } from "../log.ts";
import type { ScopedSink, Waits } from "../options.ts";
import type { StateFile } from "../state/state-file.ts";
import { fetchMedia } from "./fetch-media.ts";
import { arrived, dealtWith, keyOf, missing, waitingMedia, type WaitingMedia, written } from "./waiting.ts";

export const MEDIA_WAITS: Waits = { firstMs: 5_000, mostMs: 3_600_000 };
const AT_ONCE = 4;
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Asked again after something of ours took nothing. */
const RETRY_MS = 5_000;

export interface LateMediaOptions {
  readonly state: StateFile;
  readonly graph: GraphClient;
  readonly log: Log;
  readonly now: () => Date;
  readonly waits: Waits;
}

/**
 * Fetches the media of messages that are recorded already, until they are had or their time at Meta is over; either is
 * recorded, with the message as its target. What waits is in the state file.
 */
export class LateMedia {
  readonly #options: LateMediaOptions;
  readonly #waiting = new Map<string, WaitingMedia>();
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: LateMediaOptions) {
    this.#options = options;
    for (const value of options.state.all("media")) this.#keep(waitingMedia.parse(value));
  }

  /** They are in the state file by now. */
  add(media: readonly WaitingMedia[]): void {
    for (const one of media) this.#keep(one);
    this.#wake();
  }

  /** Runs until `signal` aborts. Rejects when the sink cannot go on. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work(sink, signal)));
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
        this.#options.log.warn({ code: cause.code }, "media wait: what was fetched could not be kept");
        await rest(RETRY_MS, new Promise(() => undefined), signal);
      }
    }
  }

  /** @returns what waits on */
  async #askFor(one: WaitingMedia, sink: ScopedSink, signal: AbortSignal): Promise<WaitingMedia | undefined> {
    const { state, graph, now, waits } = this.#options;
    // What scope leaves out meanwhile is not fetched any more.
    if (await sink.excludes?.(one.core)) {
      await state.write(dealtWith(one));
      return undefined;
    }
    const fetched = await fetchMedia(one, { graph, sink, signal });
    signal.throwIfAborted();
    const at = now().getTime();
    if (fetched.state === "later" && at < one.until) {
      const waitMs = Math.min(waits.mostMs, waits.firstMs * 2 ** Math.min(30, one.attempts));
      const again = { ...one, attempts: one.attempts + 1, nextAt: at + waitMs };
      await state.write([written(again)]);
      return again;
    }
    const event =
      fetched.state === "had" ? arrived(one, fetched.attachment, now()) : missing(one, fetched.why);
    await sink.capture([event]);
    await state.write(dealtWith(one));
    return undefined;
  }

  #keep(one: WaitingMedia): void {
    this.#waiting.set(keyOf(one), one);
  }

  #wake(): void {
    this.#awake.resolve();
    this.#awake = Promise.withResolvers();
  }
}

/** Never later than the end of its time. */
function dueAt({ nextAt, until }: WaitingMedia): number {
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
