/** A service that can be stopped for a while, for work that must have it to itself. */
export interface Pausable {
  /** Runs until the outer signal aborts; rejects when the service does. */
  readonly done: Promise<void>;
  /** Stops the service cleanly, does the work, and starts it again, also when the work fails. One at a time. */
  paused<T>(work: () => Promise<T>): Promise<T>;
}

/** @param run one life of the service */
export function pausable(run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Pausable {
  let life = begin();
  let turn: Promise<unknown> = Promise.resolve();
  const done: PromiseWithResolvers<void> = Promise.withResolvers();
  watch();

  function begin() {
    const stopping = new AbortController();
    return { stopping, ended: run(AbortSignal.any([signal, stopping.signal])) };
  }
  function watch(): void {
    const { ended, stopping } = life;
    ended.then(() => {
      if (!stopping.signal.aborted) done.resolve();
    }, done.reject);
  }

  return {
    done: done.promise,
    paused(work) {
      const mine = turn.then(async () => {
        life.stopping.abort();
        await life.ended;
        try {
          return await work();
        } finally {
          if (signal.aborted) done.resolve();
          else {
            life = begin();
            watch();
          }
        }
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}
