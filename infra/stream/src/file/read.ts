import { StreamError, type StreamMessage, type StreamReader } from "../port.ts";
import { type Disk, type DiskFile, diskError, systemCode } from "./disk.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Partition } from "./partition.ts";
import type { Segment } from "./segment.ts";

const MIN_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;

type Limits = Parameters<StreamReader["read"]>[3];

/** A file of the partition, open at the next message. */
interface Cursor {
  readonly segment: Segment;
  readonly file: DiskFile;
  readonly sizeBytes: number;
  readonly frames: FrameReader;
}

/** As `StreamReader.read`, of one partition. Payloads are views of the chunk they were read in. */
export async function* readPartition(
  partition: Partition,
  from: number,
  limits: Limits,
  signal: AbortSignal,
  disk: Disk,
): AsyncGenerator<readonly StreamMessage[]> {
  const chunkBytes = Math.min(Math.max(limits.maxBytes, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
  let offset = from;
  let cursor: Cursor | undefined;
  try {
    while (!signal.aborted) {
      if (partition.closed) throw new StreamError("closed", "the stream is closed");
      assertInRange(partition, offset);
      if (offset === partition.range.next) {
        await partition.change(signal);
        continue;
      }
      if (cursor?.segment.end === offset) {
        await cursor.file.close();
        cursor = undefined;
      }
      cursor ??= await openAt(partition, offset, chunkBytes, disk);
      const batch = await readBatch(partition, cursor, limits, chunkBytes);
      offset += batch.length;
      yield batch;
    }
  } finally {
    await cursor?.file.close();
  }
}

/** @throws {StreamError} `out-of-range` */
export function assertInRange(partition: Partition, offset: number): void {
  const { first, next } = partition.range;
  if (Number.isSafeInteger(offset) && offset >= first && offset <= next) return;
  throw new StreamError("out-of-range", `${partition.name} holds ${first} to ${next}, not ${offset}`);
}

async function openAt(partition: Partition, offset: number, chunkBytes: number, disk: Disk): Promise<Cursor> {
  const segment = partition.segmentOf(offset);
  if (!segment) throw new StreamError("out-of-range", `${partition.name} no longer holds ${offset}`);
  let file;
  try {
    file = await disk.open(segment.path, "read");
  } catch (cause) {
    assertInRange(partition, offset);
    if (systemCode(cause) === "ENOENT")
      throw new StreamError("corrupt", `${partition.name} has lost a file`, { cause });
    throw diskError(cause, `read ${partition.name}`);
  }
  try {
    const frames = new FrameReader(file, segment.placeBefore(offset));
    const cursor = { segment, file, sizeBytes: await file.sizeBytes(), frames };
    while (frames.offset < offset) {
      await load(partition, cursor, chunkBytes);
      segment.note(frames.offset, frames.position);
      frames.take();
    }
    return cursor;
  } catch (cause) {
    await file.close();
    throw diskError(cause, `read ${partition.name}`);
  }
}

async function readBatch(
  partition: Partition,
  cursor: Cursor,
  limits: Limits,
  chunkBytes: number,
): Promise<StreamMessage[]> {
  const { frames, segment } = cursor;
  const end = segment.end ?? partition.range.next;
  const batch: StreamMessage[] = [];
  let bytes = 0;
  await load(partition, cursor, chunkBytes);
  do {
    bytes += frames.length;
    if (batch.length > 0 && bytes > limits.maxBytes) break;
    segment.note(frames.offset, frames.position);
    batch.push({ offset: frames.offset, payload: frames.take() });
  } while (batch.length < limits.maxMessages && frames.offset < end && frames.state === "whole");
  return batch;
}

/** Has the next message in memory, reading no further than is durable. */
async function load(
  partition: Partition,
  { segment, sizeBytes, frames }: Cursor,
  chunkBytes: number,
): Promise<void> {
  let state;
  try {
    state = await frames.load(segment.sizeBytes ?? sizeBytes, chunkBytes);
  } catch (cause) {
    throw diskError(cause, `read ${partition.name}`);
  }
  if (state !== "whole") {
    throw new StreamError("corrupt", `${partition.name}: message ${frames.offset} is damaged`);
  }
}
