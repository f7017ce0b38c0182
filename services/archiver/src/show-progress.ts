import type { Metrics } from "@daybook/runtime";
import type { ArchiverProgress, ShardStatus } from "./progress.ts";

const COUNTED = ["parked", "gaps", "duplicates"] as const;

/** Shows, at each reading of the metrics, what this archiver has done since it started, and how long its logs are. */
export function showProgress(progress: ArchiverProgress, metrics: Metrics): void {
  const counters = {
    parked: metrics.counter(
      "daybook_archiver_parked_total",
      "Events that could not be read, and were put aside until somebody has them replayed",
      ["shard"],
    ),
    gaps: metrics.counter("daybook_archiver_gaps_total", "Gaps that the archiver found and recorded", [
      "shard",
    ]),
    duplicates: metrics.counter(
      "daybook_archiver_duplicates_total",
      "Events that were there already: redeliveries",
      ["shard"],
    ),
  };
  const records = metrics.gauge(
    "daybook_archiver_records",
    "Records of a shard that are committed and can be searched, where this archiver has it",
    ["shard"],
  );
  const shown = new Map<string, ShardStatus>();
  metrics.onRead(() => {
    for (const status of progress.shards()) {
      const { shard } = status;
      const before = shown.get(shard);
      for (const what of COUNTED) counters[what].inc({ shard }, status[what] - (before?.[what] ?? 0));
      records.set(status.owned ? status.size : 0, { shard });
      shown.set(shard, status);
    }
  });
}
