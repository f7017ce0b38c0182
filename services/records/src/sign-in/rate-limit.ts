import { ProblemError } from "@daybook/runtime";

const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

/** Lets an address ask so often within a minute, and no more until the minute is over. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #now: () => Date;
  readonly #asked = new Map<string, { count: number; until: number }>();

  constructor(perMinute: number, now: () => Date) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** @throws {ProblemError} `too-many-requests` */
  take(address: string): void {
    const now = this.#now().getTime();
    const entry = this.#asked.get(address);
    if (!entry || entry.until <= now) {
      this.#asked.delete(address);
      this.#asked.set(address, { count: 1, until: now + WINDOW_MS });
      const [oldest] = this.#asked.keys();
      if (this.#asked.size > MAX_ADDRESSES && oldest !== undefined) this.#asked.delete(oldest);
      return;
    }
    entry.count += 1;
    if (entry.count <= this.#perMinute) return;
    throw new ProblemError(429, "too-many-requests", "too many attempts to sign in: wait a minute", {
      retryAfterSeconds: Math.ceil((entry.until - now) / 1_000),
    });
  }
}
