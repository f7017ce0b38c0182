import { setTimeout as sleep } from "node:timers/promises";

/** How long to wait between attempts, milliseconds; each wait is twice the one before. */
export interface Waits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The wait after so many attempts before this one. Milliseconds. */
export function waitAfter(attempts: number, { firstMs, mostMs }: Waits): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(30, attempts));
}

/** Waits between attempts: twice as long each time, with jitter, so that many do not come back at once. */
export class BackOff {
  readonly #waits: Waits;
  #attempts = 0;

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  /** After a success, the next wait is short again. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Resolves when it is time, or at once when `signal` aborts. @param leastMs what the other side asked for */
  async wait(signal: AbortSignal, leastMs = 0): Promise<void> {
    const most = waitAfter(this.#attempts, this.#waits);
    this.#attempts += 1;
    const ms = Math.max(leastMs, most / 2 + (Math.random() * most) / 2);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
