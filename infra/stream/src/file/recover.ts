import { StreamError } from "../port.ts";
import type { DiskFile } from "./disk.ts";
import { claimedOffset, FRAME_HEADER_BYTES, isFirstOfGroup, lengthOf } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Segment } from "./segment.ts";

const CHUNK_BYTES = 1024 * 1024;
const SECTOR_BYTES = 512;

/**
 * Makes the last file of a partition fit to be read and appended to after any crash: cuts off a torn tail
 * and has everything before it durable. What was torn was never acknowledged.
 *
 * @param name the partition's, for errors
 * @param closedAt where the partition ended when it was closed in good order, if it was
 * @returns the offset that the next message gets
 * @throws {StreamError} `corrupt`: a bad frame that no crash explains; the file is left as it is
 */
export async function recoverSegment(
  file: DiskFile,
  segment: Segment,
  name: string,
  closedAt: number | undefined,
): Promise<number> {
  const size = await file.sizeBytes();
  const reader = new FrameReader(file, { offset: segment.base, position: 0 });
  let lastGroup = 0;
  while ((await reader.load(size, CHUNK_BYTES)) === "whole") {
    if (reader.firstOfGroup) lastGroup = reader.position;
    segment.note(reader.offset, reader.position);
    reader.take();
  }

  if (closedAt !== undefined && closedAt !== reader.offset) {
    throw new StreamError(
      "corrupt",
      `${name} was closed at message ${closedAt} and now ends at ${reader.offset}`,
    );
  }
  if (reader.position < size) {
    const tail = await bytesOf(file, reader.position, size);
    if (!isTorn(tail, reader)) {
      throw new StreamError(
        "corrupt",
        `${name}: message ${reader.offset} is damaged, and newer ones follow it`,
      );
    }
    await file.truncate(reader.position);
  }
  // After an fdatasync that failed, pages may look written and not be (LWN 752063, "fsyncgate"): only writing
  // the last group again makes this fdatasync vouch for it. Readers must not see what a power cut may take.
  await file.write(await bytesOf(file, lastGroup, reader.position), lastGroup);
  await file.datasync();
  segment.sizeBytes = reader.position;
  return reader.offset;
}

async function bytesOf(file: DiskFile, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start);
  return bytes.subarray(0, await file.read(bytes, start));
}

/**
 * Whether a crash explains a tail that begins with a bad frame. A killed process leaves a frame cut short and
 * nothing after it. A power cut may also leave holes, sectors of zeros, anywhere in the last group, because
 * the system writes pages in any order; but a later group proves that the one before it was durable.
 */
function isTorn(tail: Buffer, from: { offset: number; position: number }): boolean {
  let bad = tail.length;
  let at = nextFrame(tail, 1, from.offset);
  if (at !== undefined) bad = at;
  for (; at !== undefined; at = nextFrame(tail, at + 1, from.offset)) {
    if (isFirstOfGroup(tail.readUInt32BE(at))) return false;
  }
  return bad === tail.length || hasHole(tail.subarray(0, bad), from.position);
}

/** Place of the next whole frame of any message after `offset`, at `start` or later. */
function nextFrame(tail: Buffer, start: number, offset: number): number | undefined {
  for (let at = start; at + FRAME_HEADER_BYTES < tail.length; at += 1) {
    const length = lengthOf(tail.readUInt32BE(at));
    const end = at + FRAME_HEADER_BYTES + length;
    if (length === 0 || end > tail.length || !mayFollow(tail, end)) continue;
    const ahead = (claimedOffset(tail, at) - (offset % 0x1_0000_0000)) >>> 0;
    if (ahead >= 1 && ahead <= Math.ceil(at / (FRAME_HEADER_BYTES + 1))) return at;
  }
  return undefined;
}

/** Spares the CRC of most places that only look like a frame: another frame, a hole or the end follows a true one. */
function mayFollow(tail: Buffer, at: number): boolean {
  if (at + 4 > tail.length) return true;
  const word = tail.readUInt32BE(at);
  return word === 0 || lengthOf(word) !== 0;
}

/** Whether a sector of the file, from `position` on, holds only zeros. */
function hasHole(bytes: Buffer, position: number): boolean {
  let start = 0;
  for (;;) {
    const end = start + SECTOR_BYTES - ((position + start) % SECTOR_BYTES);
    if (end > bytes.length) return false;
    if (bytes.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
  }
}
