import { setInterval } from "node:timers/promises";
import { ArchiveError } from "@daybook/archive-core";
import type { ShardOptions } from "@daybook/archiver";
import type { Logger } from "@daybook/runtime";
import type { StreamReader } from "@daybook/stream";
import type { IngestKeyFacts, IngestKeys } from "./ingest-keys.ts";

/** Far within the time that producers may go on with an older key: whoever encrypts here must learn of a newer one. */
const KEY_CHECK_MS = 15 * 60_000;

/** Where each shard's partition ends now. */
export function streamEnds(
  stream: Pick<StreamReader, "id" | "range">,
  shards: readonly Pick<ShardOptions, "shard" | "topic" | "partition">[],
): IngestKeyFacts["ends"] {
  return () =>
    Promise.all(
      shards.map(async ({ shard, topic, partition }) => ({
        shard,
        stream: stream.id,
        offset: (await stream.range(topic, partition)).next,
      })),
    );
}

/** Looks every quarter of an hour, until `signal` aborts, whether an ingest key is due or may go. What fails is tried again. */
export async function turnIngestKeys(
  ingest: IngestKeys,
  facts: Omit<IngestKeyFacts, "now">,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of setInterval(KEY_CHECK_MS, undefined, { signal })) {
      try {
        await ingest.refresh();
        await ingest.turn({ ...facts, now: new Date() });
      } catch (err) {
        // Another process was faster.
        if (err instanceof ArchiveError && err.code === "conflict") continue;
        log.error({ err }, "the ingest keys could not be turned: to be tried again");
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
