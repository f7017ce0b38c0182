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

  /** Resolves when it is time, or at once when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const most = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 30);
    await sleep(most / 2 + (Math.random() * most) / 2, undefined, { signal }).catch(() => undefined);
  }
}
