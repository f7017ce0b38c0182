import { setTimeout as sleep } from "node:timers/promises";

/** Waits between attempts: twice as long each time, with jitter, so that many do not come back at once. */
export class BackOff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  #attempts = 0;

  constructor({ firstMs, mostMs }: { readonly firstMs: number; readonly mostMs: number }) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** After a success, the next wait is short again. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Resolves when it is time, or at once when `signal` aborts. @param leastMs what the other side asked for */
  async wait(signal: AbortSignal, leastMs = 0): Promise<void> {
    const most = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 30);
    const ms = Math.max(leastMs, most / 2 + (Math.random() * most) / 2);
    await sleep(ms, undefined, { signal, ref: true }).catch(() => undefined);
  }
}
