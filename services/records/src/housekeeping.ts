import type { CatalogueWriter } from "@daybook/catalogue";
import type { Logger } from "@daybook/runtime";
import { setTimeout as sleep } from "node:timers/promises";
import type { Changes } from "./changes.ts";
import type { Destruction } from "./destruction.ts";
import type { Replay } from "./replay.ts";

/** Within this a disposed record's rows are reclaimed: until then a backup of the database still takes them. */
export const RECLAIM_DAYS = 1;
/** How often what is archived meanwhile is read, so that the next start has little to read. */
const ADVANCE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Wakes whoever waits for it. */
export class Bell {
  #rung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Resolves when it was rung since the last time, or after a while. @throws what the signal was aborted with */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (!this.#rung)
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => undefined);
    this.#rung = false;
    signal.throwIfAborted();
  }
}

export interface HousekeepingOptions {
  readonly destruction: Destruction;
  readonly changes: Changes;
  readonly replay: Replay;
  readonly catalogueWriter: Pick<CatalogueWriter, "reclaim">;
  /** Rung when rows were cut. */
  readonly disposed: Bell;
  readonly log: Logger;
  readonly now: () => Date;
}

/**
 * What a running service does besides answering: cuts rows of disposed records that came back, has what disposals left
 * on disk reclaimed, soon after each and at the start, and reads on in the audit log. Until the signal aborts.
 *
 * @throws what is not worth repeating, such as an audit log that cannot be read
 */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { destruction, changes, replay, disposed } = options;
  await tolerating(options, () => destruction.recut(signal));
  const left: Left = {};
  for (;;) {
    await tolerating(options, () => reclaim(options, left));
    await disposed.wait(ADVANCE_MS, signal);
    await tolerating(options, () =>
      changes.exclusively(async ({ session }) => {
        await replay.advance(session);
      }),
    );
  }
}

/** Since when what a disposal left could not be reclaimed. */
interface Left {
  since?: Date;
}

async function reclaim({ catalogueWriter, log, now }: HousekeepingOptions, left: Left): Promise<void> {
  left.since ??= now();
  if (await catalogueWriter.reclaim()) delete left.since;
  else if (now().getTime() - left.since.getTime() > RECLAIM_DAYS * DAY_MS) {
    log.error(
      { since: left.since },
      "rows of disposed records are still on disk, since an old transaction can see them: end it",
    );
  }
}

/** Does in the background what will be done again: that a store or PostgreSQL does not answer is no reason to end. */
async function tolerating({ log }: { log: Logger }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (err) {
    if ((err as { retryable?: unknown }).retryable !== true) throw err;
    log.warn({ err }, "a step failed, to be tried again later");
  }
}
