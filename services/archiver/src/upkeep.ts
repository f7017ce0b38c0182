import type { CatalogueWriter } from "@daybook/catalogue";
import type { Logger } from "@daybook/runtime";

const WAIT_MS = 1_000;

/** What keeps searches quick while rows arrive. */
export interface Upkeep extends AsyncDisposable {
  /** Says that rows were written: within some seconds searches no longer have to go through them one by one. */
  wrote(): void;
}

/** Nothing waits for it, and its failures stop nothing: they make searches slower. */
export function createUpkeep(
  catalogue: Pick<CatalogueWriter, "settle" | "analyzeIfDue">,
  log: Logger,
): Upkeep {
  let waiting: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  async function run(): Promise<void> {
    try {
      await catalogue.settle();
      await catalogue.analyzeIfDue();
    } catch (err) {
      log.warn({ err }, "the catalogue's upkeep failed: searches may be slow until it succeeds");
    }
  }

  return {
    wrote() {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        running = running.then(run);
      }, WAIT_MS);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(waiting);
      await running;
    },
  };
}
