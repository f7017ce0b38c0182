import { untilAborted } from "@daybook/runtime";
import { createEventSealer } from "./event-sealer.ts";
import type { ArchiverOptions, ShardOptions } from "./options.ts";
import { codeOf } from "./passing.ts";
import { shardSigns } from "./signs.ts";
import { showProgress } from "./show-progress.ts";
import { superviseShard } from "./supervise.ts";
import { createUpkeep } from "./upkeep.ts";
import { watchLag } from "./watch-lag.ts";

/**
 * Archives its shards until `signal` aborts; then finishes what it has taken and resolves. Repeats whatever
 * may mend itself, for ever. Without a group every shard is its own, and it rejects, and stops every shard, when one
 * needs an operator. In a group that shard stops alone, and says so: what is wrong lies in the stores, where the next
 * archiver would find it too, and one shard after the other would take all archivers with it.
 *
 * @throws {ArchiveError} `fork`: the log is not the one that was seen; `corrupt`
 * @throws {ArchiverError} `misconfigured`
 * @throws {StreamError} `replaced`: the stream is another, to be opened anew by the next run, group or not
 * @throws what the group rejects with
 */
export async function runArchiver(options: ArchiverOptions, signal: AbortSignal): Promise<void> {
  const { group, progress, log } = options;
  const failure = new AbortController();
  const stopping = AbortSignal.any([signal, failure.signal]);
  await using eventSealer = createEventSealer(options.namingKey, log);
  await using upkeep = createUpkeep(options.catalogue, log);
  const signs = shardSigns(options.metrics);
  if (options.metrics) showProgress(progress, options.metrics);
  // The last run may have left some of it undone.
  upkeep.wrote();

  const run = async (of: ShardOptions, until: AbortSignal) => {
    const { shard } = of;
    try {
      await superviseShard({ ...options, ...of, eventSealer, upkeep, signs }, until);
    } catch (err) {
      log.error({ err, shard }, "a shard has stopped for good");
      signs.waits(shard, true);
      const reporter = progress.reporter(shard);
      reporter.block(codeOf(err));
      reporter.stop();
      if (group && codeOf(err) !== "replaced") await untilAborted(until);
      else failure.abort(err);
    }
  };
  const own = (shard: string, isOwned: boolean) => {
    signs.owns(shard, isOwned);
    progress.reporter(shard).own(isOwned);
  };

  for (const { shard } of options.shards) own(shard, group === undefined);
  const over = new AbortController();
  const watching = watchLag(options, AbortSignal.any([stopping, over.signal]));
  try {
    if (group) {
      await group.share(async (topic, partition, until) => {
        const of = options.shards.find((one) => one.topic === topic && one.partition === partition);
        if (!of) return;
        own(of.shard, true);
        log.info({ shard: of.shard }, "a shard is taken over");
        // Who waits for it is sent on at once, not when its last segment is finished.
        const disown = () => own(of.shard, false);
        until.addEventListener("abort", disown, { once: true });
        await run(of, until);
        log.info({ shard: of.shard }, "a shard is given up");
      }, stopping);
    } else await Promise.all(options.shards.map((of) => run(of, stopping)));
  } finally {
    over.abort();
    await watching;
    for (const { shard } of options.shards) progress.reporter(shard).stop();
  }
  if (failure.signal.aborted) throw failure.signal.reason;
}
