import { createEventSealer } from "./event-sealer.ts";
import type { ArchiverOptions } from "./options.ts";
import { codeOf } from "./passing.ts";
import { shardSigns } from "./signs.ts";
import { superviseShard } from "./supervise.ts";
import { createUpkeep } from "./upkeep.ts";

/**
 * Archives every shard until `signal` aborts; then finishes what it has taken and resolves. Repeats whatever
 * may mend itself, for ever. Rejects, and stops every shard, when one needs an operator.
 *
 * @throws {ArchiveError} `fork`: the log is not the one that was seen; `corrupt`
 * @throws {ArchiverError} `misconfigured`
 */
export async function runArchiver(options: ArchiverOptions, signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const stopping = AbortSignal.any([signal, failure.signal]);
  await using eventSealer = createEventSealer(options.namingKey, options.log);
  await using upkeep = createUpkeep(options.catalogue, options.log);
  const signs = shardSigns(options.metrics);
  // The last run may have left some of it undone.
  upkeep.wrote();
  await Promise.all(
    options.shards.map(async (shard) => {
      const reporter = options.progress.reporter(shard.shard);
      try {
        await superviseShard({ ...options, ...shard, eventSealer, upkeep, signs }, stopping);
      } catch (err) {
        options.log.error({ err, shard: shard.shard }, "a shard has stopped for good");
        reporter.block(codeOf(err));
        failure.abort(err);
      } finally {
        reporter.stop();
      }
    }),
  );
  if (failure.signal.aborted) throw failure.signal.reason;
}
