import { setTimeout as sleep } from "node:timers/promises";
import { untilAborted } from "@daybook/runtime";
import type { ArchiverOptions } from "./options.ts";

const INTERVAL_MS = 15_000;

/**
 * Shows how far each shard that this archiver has is behind its partition of the stream, until `signal` aborts. While the
 * stream does not say where it ends, the last figure stands.
 */
export async function watchLag(
  { shards, stream, progress, metrics }: Pick<ArchiverOptions, "shards" | "stream" | "progress" | "metrics">,
  signal: AbortSignal,
  intervalMs = INTERVAL_MS,
): Promise<void> {
  if (!metrics) return;
  const lag = metrics.gauge(
    "daybook_archiver_lag_events",
    "Events on the stream that cannot be searched yet, of shards that this archiver has",
    ["shard"],
  );
  const measure = async ({ shard, topic, partition }: (typeof shards)[number]) => {
    const next = progress.status(shard).owned ? (await stream.range(topic, partition)).next : 0;
    // It may have changed hands meanwhile.
    const { owned, running, settled } = progress.status(shard);
    if (!owned) lag.set(0, { shard });
    else if (running) lag.set(Math.max(0, next - settled), { shard });
  };
  const ended = untilAborted(signal);
  while (!signal.aborted) {
    await Promise.race([Promise.allSettled(shards.map(measure)), ended]);
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
