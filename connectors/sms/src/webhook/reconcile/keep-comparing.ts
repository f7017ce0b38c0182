import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import { ApiRefusal } from "./api.ts";
import { compare, type CompareOptions } from "./compare.ts";

/** After something failed. */
const AGAIN_MS = 30_000;

/**
 * Compares every so often until `signal` aborts, sooner after a failure, and later where the provider asks for it.
 *
 * @throws what the sink throws that is not retryable
 */
export async function keepComparing(
  options: CompareOptions,
  of: {
    readonly everyMs: number;
    readonly onCompared: (as: "agreed" | "refused" | "unanswered") => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { everyMs, onCompared } = of;
  while (!signal.aborted) {
    let waitMs = everyMs;
    try {
      await compare(options, signal);
      onCompared("agreed");
    } catch (cause) {
      if (isAborted(signal)) return;
      const isTheirs = cause instanceof ApiRefusal;
      if (!isTheirs && !(cause instanceof ConnectorError && cause.retryable)) throw cause;
      onCompared(isTheirs && (cause.status === 401 || cause.status === 403) ? "refused" : "unanswered");
      waitMs = Math.max(isTheirs ? cause.retryAfterMs : 0, Math.min(everyMs, AGAIN_MS));
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
