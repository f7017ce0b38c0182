import { StreamError } from "../port.ts";
import { type Disk, type DiskFile, diskError } from "./disk.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Partition } from "./partition.ts";
import { assertInRange } from "./read.ts";
import type { Segment } from "./segment.ts";

const CHUNK_BYTES = 1024 * 1024;

/**
 * Bytes that the messages of a partition from `from` on take in its files. Reads through one file at most, from the
 * nearest place that is known.
 *
 * @throws {StreamError} `out-of-range`, `corrupt`, `unavailable`
 */
export async function bytesFrom(partition: Partition, from: number, disk: Disk): Promise<number> {
  assertInRange(partition, from);
  let bytes = 0;
  try {
    for (const segment of partition.segmentsFrom(from)) {
      const file = await disk.open(segment.path, "read");
      try {
        const end = segment.sizeBytes ?? (await file.sizeBytes());
        bytes += end - (await placeOf(from, { partition, segment, file, end }));
      } finally {
        await file.close();
      }
    }
  } catch (cause) {
    throw diskError(cause, `measure ${partition.name}`);
  }
  return bytes;
}

/** Where in a file a message begins: at its beginning for a message of an older file. */
async function placeOf(
  offset: number,
  { partition, segment, file, end }: { partition: Partition; segment: Segment; file: DiskFile; end: number },
): Promise<number> {
  if (offset <= segment.base) return 0;
  const frames = new FrameReader(file, segment.placeBefore(offset));
  while (frames.offset < offset) {
    if ((await frames.load(end, CHUNK_BYTES)) !== "whole") {
      throw new StreamError("corrupt", `${partition.name}: message ${frames.offset} is damaged`);
    }
    frames.take();
  }
  return frames.position;
}
