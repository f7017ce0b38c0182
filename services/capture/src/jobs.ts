import { randomUUID } from "node:crypto";

/** How far an import is. `state: "failed"` carries what to tell the operator. */
export type Job<T> =
  | { readonly id: string; readonly state: "running"; readonly lines: number; readonly records: number }
  | { readonly id: string; readonly state: "done"; readonly result: T }
  | { readonly id: string; readonly state: "failed"; readonly code: string; readonly message: string };

const KEPT = 200;

/** Imports that run or have run since the start, each by an id that cannot be guessed. One runs at a time. */
export class Jobs<T> {
  readonly #jobs = new Map<string, Job<T>>();
  #last: Promise<void> = Promise.resolve();

  /** Queues work and says its id. @param failed turns an error into what the operator is told */
  start(
    work: (progress: (done: { lines: number; records: number }) => void) => Promise<T>,
    failed: (error: unknown) => { code: string; message: string },
  ): string {
    const id = randomUUID();
    this.#jobs.set(id, { id, state: "running", lines: 0, records: 0 });
    this.#last = this.#last.then(async () => {
      try {
        const result = await work((done) => this.#jobs.set(id, { id, state: "running", ...done }));
        this.#jobs.set(id, { id, state: "done", result });
      } catch (error) {
        this.#jobs.set(id, { id, state: "failed", ...failed(error) });
      }
      if (this.#jobs.size > KEPT) this.#forgetOldest();
    });
    return id;
  }

  get(id: string): Job<T> | undefined {
    return this.#jobs.get(id);
  }

  /** Imports that have not ended. */
  get running(): number {
    return [...this.#jobs.values()].filter((job) => job.state === "running").length;
  }

  /** Resolves when everything queued so far has ended. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #forgetOldest(): void {
    for (const [id, job] of this.#jobs) {
      if (job.state === "running") continue;
      this.#jobs.delete(id);
      return;
    }
  }
}
