/** Does one piece of work after another, in the order in which they were given. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `work` does; what comes after is not held up by a failure. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves once everything given so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
