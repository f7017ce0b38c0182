import { setTimeout as sleep } from "node:timers/promises";
import { BackOff } from "@daybook/keeping";
import { SignalError } from "../error.ts";
import { fetchContacts } from "../receiving/contacts.ts";
import type { SyncContext } from "./context.ts";
import { fetchProfiles } from "./profiles.ts";
import { syncStorage } from "./storage.ts";

const DAY_MS = 86_400_000;

export interface SyncPace {
  /** After a failure. */
  readonly firstWaitMs: number;
  readonly mostWaitMs: number;
  /** Between two profiles. */
  readonly profilePauseMs: number;
}

export const SYNC_PACE: SyncPace = { firstWaitMs: 60_000, mostWaitMs: 3_600_000, profilePauseMs: 1_000 };

/**
 * Keeps what an account knows of people and groups up to date, in the background: when it connects, when the phone says
 * that something changed, and daily. Nothing waits for it, and no failure of it ends anything.
 */
export class Sync {
  readonly #context: SyncContext;
  readonly #pace: SyncPace;
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();
  #waiting = new AbortController();
  #askedForKeysAt = -Infinity;

  constructor(context: SyncContext, pace: SyncPace) {
    this.#context = context;
    this.#pace = pace;
  }

  /** There may be something new, or a connection to ask by. */
  wake(): void {
    this.#awake.resolve();
  }

  /** There is a connection again: what failed is tried at once. */
  connected(): void {
    this.wake();
    this.#waiting.abort();
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { firstWaitMs: firstMs, mostWaitMs: mostMs } = this.#pace;
    const backOff = new BackOff({ firstMs, mostMs });
    while (!signal.aborted) {
      const day = new AbortController();
      const over = AbortSignal.any([signal, day.signal]);
      await Promise.race([
        this.#awake.promise,
        sleep(DAY_MS, undefined, { signal: over }).catch(() => undefined),
      ]);
      day.abort();
      if (isAborted(signal)) return;
      this.#awake = Promise.withResolvers();
      try {
        await this.#once(signal);
        backOff.reset();
      } catch (cause) {
        if (isAborted(signal)) return;
        const told = cause instanceof SignalError ? cause : undefined;
        this.#context.log.warn({ code: told?.code ?? "unknown" }, "syncing with Signal's storage waits");
        this.#waiting = new AbortController();
        await backOff.wait(AbortSignal.any([signal, this.#waiting.signal]), told?.retryAfterMs);
        if (told?.retryable !== false) this.wake();
      }
    }
  }

  /** Each of the three, whether the others succeed or not. */
  async #once(signal: AbortSignal): Promise<void> {
    const { profilePauseMs } = this.#pace;
    const failures: unknown[] = [];
    for (const step of [
      () => fetchContacts(this.#context, signal),
      () => this.#storage(signal),
      () => fetchProfiles(this.#context, profilePauseMs, signal),
    ])
      await step().catch((cause: unknown) => failures.push(cause));
    if (failures.length > 0) throw failures[0];
  }

  async #storage(signal: AbortSignal): Promise<void> {
    const { now, requestKeys } = this.#context;
    try {
      await syncStorage(this.#context, signal);
    } catch (cause) {
      const isOfAnotherKey = cause instanceof SignalError && cause.code === "malformed";
      if (!isOfAnotherKey || now().getTime() - this.#askedForKeysAt < DAY_MS) throw cause;
      this.#askedForKeysAt = now().getTime();
      await requestKeys();
    }
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
