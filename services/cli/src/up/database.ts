import { type Home, type Postgres, startPostgres } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";

/** A home's database, which comes up while other things are done. Stopped when it is disposed of. */
export interface ComingDatabase extends AsyncDisposable {
  /** Resolves when it takes connections. @throws {ComposeError} */
  readonly up: Promise<Postgres>;
}

/** Starts the database of a home, which `openHome` has locked, and does not wait for it. */
export function startDatabase({ paths }: Home, log: Logger): ComingDatabase {
  const stopping = new AbortController();
  const up = startPostgres({ dataDir: paths.postgres, log, signal: stopping.signal });
  // Whoever waits for it is told.
  const started = up.catch(() => undefined);
  return {
    up,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await (await started)?.stop();
    },
  };
}
