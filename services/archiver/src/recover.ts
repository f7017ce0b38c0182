import {
  ArchiveError,
  decodeLeaf,
  logEntries,
  logFileReader,
  MAX_SEGMENT_RECORDS,
  type ShardLog,
  type StreamPosition,
} from "@daybook/archive-core";
import type { CatalogueState, IndexedRecord, LeafPosition } from "@daybook/catalogue";
import { decodeBatch, isArrival } from "./decode.ts";
import { ArchiverError } from "./error.ts";
import type { ShardContext } from "./options.ts";
import { rowOf } from "./rows.ts";

const READ = { maxMessages: 1_000, maxBytes: 4 * 1024 * 1024 };
const ROWS_AT_ONCE = 4_096;

/**
 * Brings the catalogue to where the log is, before anything new is committed: events below the head are read
 * again and only their rows are made; what the stream no longer has, the records service rebuilds.
 *
 * @returns the position that both reflect; undefined when the shard is empty
 * @throws {ArchiverError} `rows-missing` (retryable: the records service may be down, starting or at it),
 *   `catalogue-diverged`, also when another archiver has moved the log on meanwhile
 */
export async function agree(
  context: ShardContext,
  log: ShardLog,
  signal: AbortSignal,
): Promise<StreamPosition | undefined> {
  const { shard, catalogue } = context;
  let state = await catalogue.position(shard);
  if ((state?.size ?? 0) < log.size) {
    await rowsFromStream(context, log, state, signal);
    state = await catalogue.position(shard);
  }
  if ((state?.size ?? 0) < log.size) {
    await rowsFromRecords(context, { shard, from: state?.size ?? 0, size: log.size }, signal);
    state = await catalogue.position(shard);
  }
  const size = state?.size ?? 0;
  if (size < log.size) throw new ArchiverError("rows-missing", `shard ${shard}: its rows were not rebuilt`);
  if (size > log.size) {
    throw new ArchiverError(
      "catalogue-diverged",
      `shard ${shard}: the catalogue holds more than the log: run \`daybook rebuild\``,
    );
  }
  return lesser(log.position, state?.stream);
}

/** The earlier of two positions in one stream; the head's when the catalogue's is of another. */
function lesser(
  head: StreamPosition | undefined,
  catalogue: StreamPosition | undefined,
): StreamPosition | undefined {
  if (!head || catalogue?.id !== head.id || catalogue.partition !== head.partition) return head;
  return catalogue.offset < head.offset ? catalogue : head;
}

/** Makes rows as far as the stream still has their events, in the order of the log. */
async function rowsFromStream(
  context: ShardContext,
  log: ShardLog,
  state: CatalogueState | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { shard, stream, topic, partition, catalogue, indexer } = context;
  const head = log.position;
  if (!head || head.id !== stream.id || (state && state.stream.id !== stream.id)) return;
  const { first, next } = await stream.range(topic, partition);
  const from = state?.stream.offset ?? 0;
  if (from < first || head.offset > next || from >= head.offset) return;

  const start = state?.size ?? 0;
  const places = leafPlaces(context, start, log.size);
  let expected = await nextOf(places);
  let rows: IndexedRecord[] = [];
  let written = start;
  const write = async (position: StreamPosition) => {
    const size = written + rows.length;
    await catalogue.write(rows, { shard, from: written, size, stream: position });
    written = size;
    rows = [];
  };
  for await (const batch of stream.read(topic, partition, from, READ, signal)) {
    for (const item of await decodeBatch(batch, context)) {
      if (item.offset >= head.offset || !expected) break;
      // Committed in this order; anything else here is a redelivery, or was parked.
      if (!isArrival(item) || item.id !== expected.id) continue;
      rows.push(rowOf(indexer, item, expected.place));
      expected = await nextOf(places);
    }
    // Until the last of them, a restart has to read from the same place again.
    if (expected && rows.length >= ROWS_AT_ONCE) await write({ ...head, offset: from });
    if (!expected || (batch.at(-1)?.offset ?? 0) + 1 >= head.offset) break;
  }
  signal.throwIfAborted();
  if (rows.length > 0) await write(expected ? { ...head, offset: from } : head);
}

async function rowsFromRecords(
  { rebuildSpan, shard, log, signs }: ShardContext,
  span: { shard: string; from: number; size: number },
  signal: AbortSignal,
): Promise<void> {
  const missing = `shard ${shard}: the catalogue lacks rows that the stream no longer has`;
  signs.missing(shard);
  if (!rebuildSpan) throw new ArchiverError("rows-missing", `${missing}: run \`daybook rebuild\``);
  log.warn({ shard, from: span.from, size: span.size }, "asking the records service to rebuild rows");
  try {
    await rebuildSpan(span, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new ArchiverError("rows-missing", `${missing}, and the records service did not rebuild them`, {
      cause,
    });
  }
}

/** Id and place of the leaves from `from` to `size`. */
async function* leafPlaces(
  { stores, shard }: ShardContext,
  from: number,
  size: number,
): AsyncGenerator<{ id: string; place: LeafPosition }, undefined> {
  // A catalogue that was rebuilt in part may end inside a segment, whose first index is then before it.
  const start = Math.max(0, from - MAX_SEGMENT_RECORDS);
  let segment: LeafPosition["segment"] | undefined;
  for await (const { index, entry } of logEntries(logFileReader(stores, shard), size, start)) {
    const { id, off, len, seg } = decodeLeaf(entry);
    if (off === 0) segment = { firstIndex: index, digest: seg };
    if (index < from) continue;
    if (segment?.digest !== seg)
      throw new ArchiveError("corrupt", `shard ${shard}: a segment has no first leaf`);
    yield { id, place: { shard, index, segment, off, len } };
  }
}

async function nextOf<T>(items: AsyncGenerator<T, undefined>): Promise<T | undefined> {
  return (await items.next()).value;
}
