import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import type { Log, ScopedSink, Waits } from "@daybook/keeping";
import { SignalError } from "../error.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import {
  readWaiting,
  removeWaiting,
  type WaitingAttachment,
  writeWaiting,
} from "../store/waiting-attachments.ts";
import type { WebClient } from "../transport/download.ts";
import { late, missing } from "./about.ts";
import { fetchAttachment } from "./fetch.ts";

/** Between two attempts for one attachment. */
export const LATE_WAITS: Waits = { firstMs: 60_000, mostMs: 6 * 3_600_000 };
/** One attempt takes no longer than this, however slowly the bytes come. */
const ATTEMPT_MS = 3_600_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Asked again after something of ours took nothing. */
const RETRY_MS = 10_000;

export interface LateOptions {
  readonly file: AccountFile;
  readonly web: WebClient;
  readonly log: Log;
  readonly now: () => Date;
  readonly waits: Waits;
}

/**
 * Asks, beside the pump, for the attachments that messages were recorded without, until they are had or their time is
 * over; either is recorded, with the message as its target. They are in the account's file meanwhile.
 */
export class LateAttachments {
  readonly #options: LateOptions;
  /** In memory, the first due first; undefined when the file has others. */
  #waiting: WaitingAttachment[] | undefined;
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: LateOptions) {
    this.#options = options;
  }

  /** There are new ones. */
  wake(): void {
    this.#waiting = undefined;
    this.#awake.resolve();
  }

  /** Runs until `signal` aborts. Rejects when the file cannot be read, or the sink cannot go on. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { file, now, log } = this.#options;
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      this.#awake = Promise.withResolvers();
      this.#waiting ??= readWaiting(file).sort(byDue);
      const first = this.#waiting[0];
      const ms = first === undefined ? undefined : dueAt(first) - now().getTime();
      if (first === undefined || ms === undefined || ms > 0) {
        await this.#rest(ms, signal);
        continue;
      }
      try {
        const again = await this.#askFor(first, sink, signal);
        this.#put(first, again);
      } catch (cause) {
        const retryable =
          (cause instanceof ConnectorError || cause instanceof SignalError) && cause.retryable;
        if (!retryable) {
          if (isAborted(signal)) return;
          throw cause;
        }
        log.warn({ code: cause.code }, "an attachment that is late waits on");
        await this.#rest(RETRY_MS, signal);
      }
    }
  }

  #put(before: WaitingAttachment, again: WaitingAttachment | undefined): void {
    const others = this.#waiting?.filter((one) => one !== before);
    this.#waiting = others?.concat(again ?? []).sort(byDue);
  }

  /** @returns what waits on */
  async #askFor(
    waiting: WaitingAttachment,
    sink: ScopedSink,
    signal: AbortSignal,
  ): Promise<WaitingAttachment | undefined> {
    const { file, web, now, waits } = this.#options;
    const { about, wanted } = waiting;
    const changes = new Changes(file);
    removeWaiting(changes, waiting);
    let again: WaitingAttachment | undefined;
    // What scope leaves out meanwhile is not fetched any more.
    if (!(await sink.excludes?.(about.core))) {
      const patience = AbortSignal.timeout(ATTEMPT_MS);
      const fetched = await fetchAttachment(wanted, { web, sink, signal, patience });
      const at = now().getTime();
      if (fetched.state === "sealed") await sink.capture([late(about, fetched, now())]);
      else if (fetched.state === "never" || at >= waiting.until)
        await sink.capture([missing(about, fetched.why)]);
      else {
        const nextAt = at + Math.min(waits.mostMs, waits.firstMs * 2 ** Math.min(30, waiting.attempts));
        again = { ...waiting, attempts: waiting.attempts + 1, nextAt };
        writeWaiting(changes, again);
      }
    }
    file.commit(changes, now().getTime());
    return again;
  }

  /** Until there is something new, or so long. */
  async #rest(ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (ms === undefined) return this.#awake.promise;
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    await Promise.race([
      this.#awake.promise,
      sleep(Math.min(ms, MAX_TIMER_MS), undefined, { signal: both }).catch(() => undefined),
    ]);
    stop.abort();
  }
}

/** Never later than the end of its time. */
function dueAt({ nextAt, until }: WaitingAttachment): number {
  return Math.min(nextAt, until);
}

function byDue(a: WaitingAttachment, b: WaitingAttachment): number {
  return dueAt(a) - dueAt(b);
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
