import { createEventSealer } from "./event-sealer.ts";
import type { ArchiverOptions } from "./options.ts";
import { runShard } from "./shard.ts";
import { createUpkeep } from "./upkeep.ts";

/**
 * Archives every shard until `signal` aborts; then finishes what it has taken and resolves. Repeats whatever
 * may mend itself, for ever. Rejects, and stops every shard, when one needs an operator.
 *
 * @throws {ArchiveError} `fork`: another archiver has the shard; `corrupt`
 * @throws {ArchiverError} `rows-missing`, `catalogue-diverged`, `misconfigured`
 */
export async function runArchiver(options: ArchiverOptions, signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const stopping = AbortSignal.any([signal, failure.signal]);
  await using eventSealer = createEventSealer(options.namingKey, options.log);
  await using upkeep = createUpkeep(options.catalogue, options.log);
  // The last run may have left some of it undone.
  upkeep.wrote();
  await Promise.all(
    options.shards.map((shard) =>
      runShard({ ...options, ...shard, eventSealer, upkeep }, stopping).catch((err: unknown) => {
        options.log.error({ err, shard: shard.shard }, "a shard has stopped for good");
        failure.abort(err);
      }),
    ),
  );
  if (failure.signal.aborted) throw failure.signal.reason;
}
