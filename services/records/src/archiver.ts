import { AUDIT_SHARD } from "@daybook/contract";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import { setTimeout as sleep } from "node:timers/promises";

/** What records needs of the archiver. */
export interface Archiver {
  /**
   * Resolves once everything below `offset` of that shard's stream is archived and in the catalogue.
   *
   * @param flush close the open segment at once instead of after its linger
   */
  archived(shard: string, offset: number, options: { flush: boolean; signal?: AbortSignal }): Promise<void>;
  /** Removes what never committed elsewhere, where something does; orphaned key blocks are swept here. */
  sweep?(): Promise<void>;
}

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 5_000;

/**
 * Asks until the archiver has got there: it may be starting, or wait for its database.
 *
 * @throws what the signal was aborted with; the archiver's own refusal, where repeating cannot help
 */
export async function waitForAudit(archiver: Archiver, offset: number, signal: AbortSignal): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      await archiver.archived(AUDIT_SHARD, offset, { flush: true, signal });
      return;
    } catch (error) {
      if (!mayHeal(error)) throw error;
      await sleep(waitMs, undefined, { signal });
    }
  }
}

function mayHeal(error: unknown): boolean {
  if (error instanceof ProblemError)
    return error.status >= 500 || error.status === 408 || error.status === 429;
  return (error as { retryable?: unknown }).retryable === true;
}

/** The archiver over HTTP. @param client with a token that internal routes accept */
export function archiverOver(client: Pick<ApiClient, "call">): Pick<Archiver, "archived"> {
  return {
    async archived(shard, offset, { flush, signal }) {
      await client.call("post", "/internal/v1/archived", { body: { shard, offset, flush }, signal });
    },
  };
}
