import type { Log } from "@daybook/keeping";
import { SignalError } from "./error.ts";

/** What runs beside receiving. What fails of it is done at the next occasion: it ends no link. */
export class Beside {
  readonly #log: Log;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  start(work: () => Promise<unknown>): void {
    const done = this.quietly(work).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** Resolves also when it failed for Signal's reasons. */
  async quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (!(cause instanceof SignalError)) throw cause;
      this.#log.warn({ code: cause.code }, "an errand at Signal waits");
    }
  }

  /** Resolves once everything that was started is over. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
