import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@daybook/runtime";
import { CaptureError } from "./error.ts";

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * Asks another service again and again until it answers, with growing pauses: services start in any order, and each
 * may be away for a while.
 *
 * @throws {CaptureError} what repeating cannot help; `unavailable` when `signal` aborts first
 */
export async function untilAnswered<T>(ask: () => Promise<T>, log: Logger, signal: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_MS)) {
    try {
      return await ask();
    } catch (err) {
      if (!(err instanceof CaptureError) || !err.retryable || signal.aborted) throw err;
      log.warn({ err, retryInMs: waitMs }, "another service does not answer, asking again");
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}
