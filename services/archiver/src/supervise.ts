import { setTimeout as sleep } from "node:timers/promises";
import type { ShardContext } from "./options.ts";
import { awaitsOperator, codeOf, isStale, passes } from "./passing.ts";
import { liveShard, type ShardMemory } from "./shard.ts";
import { retrying } from "./retry.ts";

/** How long before the next life, ms: at first, and at most. */
const AFTER_ANOTHER = { first: 100, most: 5_000 };
const FOR_OPERATOR = { first: 1_000, most: 30_000 };

/**
 * Archives a shard until `signal` aborts, through as many lives as it takes: what another archiver causes, or a
 * catalogue that went back, ends a life, and the next reads everything anew. What an operator mends while the process
 * runs is looked at again and again.
 *
 * @throws what needs an operator and another process: {ArchiveError} `fork`, `corrupt`; {ArchiverError} `misconfigured`
 */
export async function superviseShard(context: ShardContext, signal: AbortSignal): Promise<void> {
  const { shard, log, signs, stores } = context;
  const reporter = context.progress.reporter(shard);
  const memory: ShardMemory = {};
  let failures = 0;
  while (!signal.aborted) {
    const before = memory.seen?.size;
    try {
      signs.waits(shard, false);
      await liveShard(context, memory, signal);
      return;
    } catch (err) {
      const judge = () => isStale(err, { stores, shard }, memory.seen);
      const isPassing =
        passes(err) || (await retrying(judge, { what: "judge", log, signal }).catch(() => false));
      if (!isPassing && !awaitsOperator(err)) throw err;
      if (memory.seen?.size !== before) failures = 0;
      const { first, most } = isPassing ? AFTER_ANOTHER : FOR_OPERATOR;
      const waitMs = Math.min(first * 2 ** failures, most) * (0.5 + Math.random() / 2);
      failures += 1;
      if (isPassing) log.warn({ err, shard, waitMs }, "a shard is taken up again");
      else {
        log.error({ err, shard, waitMs }, "a shard waits for an operator");
        signs.waits(shard, true);
        reporter.block(codeOf(err));
      }
      signs.restarted(shard, codeOf(err));
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
