import { setInterval } from "node:timers/promises";
import type { ArchiverProgress } from "@daybook/archiver";
import type { Engines } from "./engines.ts";
import type { IngestKeys } from "./ingest-keys.ts";

const KEY_CHECK_MS = 60 * 60_000;

/** Looks once an hour, until `signal` aborts, whether an ingest key is due or may go. */
export async function turnIngestKeys(
  ingest: IngestKeys,
  { stream, shards }: Engines,
  progress: ArchiverProgress,
  signal: AbortSignal,
): Promise<void> {
  const ends = () =>
    Promise.all(
      shards.map(async ({ shard, topic, partition }) => ({
        shard,
        stream: stream.id,
        offset: (await stream.range(topic, partition)).next,
      })),
    );
  try {
    for await (const _ of setInterval(KEY_CHECK_MS, undefined, { signal }))
      await ingest.turn(new Date(), ends, progress);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
