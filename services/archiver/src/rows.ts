import { setImmediate as breathe } from "node:timers/promises";
import type { Draft } from "@daybook/archive-core";
import type { IndexedRecord, LeafPosition, RecordIndexer } from "@daybook/catalogue";
import type { Arrival } from "./decode.ts";
import { recordOf } from "./seal-event.ts";

/** Records indexed in one go: other work of the process waits for some milliseconds at most. */
const SLICE = 256;

/** The catalogue rows of a committed segment. */
export async function rowsOf(
  draft: Draft,
  records: readonly Arrival[],
  { shard, indexer }: { shard: string; indexer: RecordIndexer },
): Promise<IndexedRecord[]> {
  const segment = { firstIndex: draft.first, digest: draft.seg };
  const rows: IndexedRecord[] = [];
  for (const [i, arrival] of records.entries()) {
    const { off, len } = draft.places[i] as { off: number; len: number };
    rows.push(rowOf(indexer, arrival, { shard, index: draft.first + i, segment, off, len }));
    if (i % SLICE === SLICE - 1) await breathe();
  }
  return rows;
}

/** One record's row. */
export function rowOf(indexer: RecordIndexer, arrival: Arrival, position: LeafPosition): IndexedRecord {
  return indexer.index(recordOf(arrival), position);
}
