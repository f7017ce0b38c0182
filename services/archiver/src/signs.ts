import type { Metrics } from "@daybook/runtime";

/** What operators are shown of the shards beside how far they are. */
export interface ShardSigns {
  /** A life of the shard ended and the next begins. */
  restarted(shard: string, why: string): void;
  /** The shard waits for an operator, or no longer does. */
  waits(shard: string, isWaiting: boolean): void;
  /** The shard is this process's, or no longer is. */
  owns(shard: string, isOwned: boolean): void;
  /** Rows are missing that only the records service can make: it was asked. */
  missing(shard: string): void;
  /** The stream has not got what it should: a gap is recorded. */
  hole(shard: string, kind: string): void;
}

/** As metrics, where there are any. */
export function shardSigns(metrics: Metrics | undefined): ShardSigns {
  const restarts = metrics?.counter(
    "daybook_archiver_shard_restarts_total",
    "Times a shard was taken up again after another archiver or a catalogue that went back",
    ["shard", "why"],
  );
  const waiting = metrics?.gauge(
    "daybook_archiver_shard_needs_operator",
    "Whether a shard has stopped until somebody acts",
    ["shard"],
  );
  const owned = metrics?.gauge("daybook_archiver_shard_owned", "Whether this archiver has the shard", [
    "shard",
  ]);
  const missing = metrics?.counter(
    "daybook_archiver_rows_missing_total",
    "Times the records service was asked for rows that the stream no longer has",
    ["shard"],
  );
  const holes = metrics?.counter(
    "daybook_archiver_stream_gaps_total",
    "Times the stream had not got what it should, and a gap was recorded",
    ["shard", "kind"],
  );
  return {
    restarted: (shard, why) => restarts?.inc({ shard, why }),
    waits: (shard, isWaiting) => waiting?.set(isWaiting ? 1 : 0, { shard }),
    owns: (shard, isOwned) => owned?.set(isOwned ? 1 : 0, { shard }),
    missing: (shard) => missing?.inc({ shard }),
    hole: (shard, kind) => holes?.inc({ shard, kind }),
  };
}
