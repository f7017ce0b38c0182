import { EvidenceError } from "../error.ts";

/** Packages that are built at a time: each reads the store as fast as it can. */
const AT_ONCE = 2;
const MAX_WAITING = 20;

interface Waiting {
  readonly id: string;
  readonly work: () => Promise<void>;
}

/** Runs builds in the order in which they were asked for, two at a time. */
export class BuildQueue {
  #waiting: Waiting[] = [];
  readonly #running = new Set<Promise<void>>();

  /**
   * @param work may not reject
   * @throws {EvidenceError} `busy` when too many wait
   */
  add(id: string, work: () => Promise<void>): void {
    if (this.#waiting.length >= MAX_WAITING)
      throw new EvidenceError("busy", "many packages are being built: ask again later");
    this.#waiting.push({ id, work });
    this.#next();
  }

  /** How many begin before this one; 0 for one that has begun. */
  aheadOf(id: string): number {
    return Math.max(
      0,
      this.#waiting.findIndex((one) => one.id === id),
    );
  }

  /** Begins none of those that wait. Resolves when those that run have ended. */
  async close(): Promise<void> {
    this.#waiting = [];
    await Promise.all(this.#running);
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const first = this.#waiting.shift();
      if (!first) return;
      const running = first.work().finally(() => {
        this.#running.delete(running);
        this.#next();
      });
      this.#running.add(running);
    }
  }
}
