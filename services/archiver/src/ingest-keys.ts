import type { StreamPosition } from "@daybook/archive-core";

/** An age at which an ingest key that is still needed is an alert, in days. */
export const INGEST_KEY_ALERT_DAYS = 20;

const DAY_MS = 86_400_000;

/** A weekly ingest key, and where the stream stood when no producer used it any more. */
export interface IngestKeyState {
  readonly id: string;
  readonly createdAt: Date;
  /** Per shard, the stream's next offset recorded when nobody used it, nor a spool held anything under it, any more. */
  readonly rotatedAt?: readonly {
    readonly shard: string;
    readonly stream: string;
    readonly offset: number;
  }[];
}

/**
 * Which ingest keys may be destroyed: those that no acknowledged event needs any more, since every shard's
 * head and catalogue are past them. Destroys nothing itself.
 *
 * @param positions where a restart of each shard would read from (`ArchiverProgress.status`)
 * @returns `destroy`: ids to destroy now; `overdue`: ids of keys older than 20 days that are still needed
 */
export function retireIngestKeys({
  keys,
  positions,
  now,
}: {
  readonly keys: readonly IngestKeyState[];
  readonly positions: ReadonlyMap<string, StreamPosition | undefined>;
  readonly now: Date;
}): { destroy: string[]; overdue: string[] } {
  const destroy: string[] = [];
  const overdue: string[] = [];
  for (const { id, createdAt, rotatedAt } of keys) {
    const passed =
      rotatedAt?.every(({ shard, stream, offset }) => {
        const position = positions.get(shard);
        return offset === 0 || (position?.id === stream && position.offset >= offset);
      }) === true;
    if (passed) destroy.push(id);
    else if (now.getTime() - createdAt.getTime() >= INGEST_KEY_ALERT_DAYS * DAY_MS) overdue.push(id);
  }
  return { destroy, overdue };
}
