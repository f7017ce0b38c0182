import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@daybook/runtime";

const FIRST_MS = 50;
const LONGEST_MS = 5_000;

/**
 * Repeats what failed with a retryable error, for as long as it takes, waiting longer each time (5 s at
 * most). Other errors, and those after `signal` has aborted, are the caller's.
 *
 * @param what for the log: the step, never what it is about
 */
export async function retrying<T>(
  work: () => Promise<T>,
  { what, log, signal }: { what: string; log: Logger; signal: AbortSignal },
): Promise<T> {
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_MS)) {
    try {
      return await work();
    } catch (err) {
      if (!isRetryable(err) || signal.aborted) throw err;
      log.warn({ err, what, retryInMs: waitMs }, "a step failed, repeating it");
    }
    await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}

/** Whether the error says of itself that repeating may help, as those of stores, stream and catalogue do. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === true;
}
