import { crc32 } from "node:zlib";

/**
 * One message in a segment file: `[u32 word][u32 check][payload]`, big-endian. The word is the payload's length;
 * its top bit marks the first frame of a group, and so says that everything before it was durable when it was
 * written. The check is the CRC-32 of the payload, begun from the word, XOR the low half of the offset: a
 * frame that was altered, or that lies in another's place, does not pass. No frame is all zeros, because
 * payloads are never empty.
 */
export const FRAME_HEADER_BYTES = 8;

/** The largest payload, bytes. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

const FIRST_OF_GROUP = 0x8000_0000;

/** Payload length that a frame's word claims; 0 when no frame begins with this word. */
export function lengthOf(word: number): number {
  const length = word & 0x7fff_ffff;
  return length <= MAX_PAYLOAD_BYTES ? length : 0;
}

/** Whether the frame was the first of what one flush made durable. */
export function isFirstOfGroup(word: number): boolean {
  return word >= FIRST_OF_GROUP;
}

/** The frames of one group, as they are written. @param into where to put them, if they fit: its bytes are the group's */
export function encodeGroup(
  payloads: readonly Uint8Array[],
  firstOffset: number,
  into: Buffer = Buffer.alloc(0),
): Buffer {
  let bytes = 0;
  for (const payload of payloads) bytes += FRAME_HEADER_BYTES + payload.length;
  const group = bytes <= into.length ? into.subarray(0, bytes) : Buffer.allocUnsafe(bytes);
  let at = 0;
  let offset = firstOffset;
  for (const payload of payloads) {
    const word = at === 0 ? payload.length + FIRST_OF_GROUP : payload.length;
    group.writeUInt32BE(word, at);
    group.writeUInt32BE(checkOf(payload, word, offset), at + 4);
    group.set(payload, at + FRAME_HEADER_BYTES);
    at += FRAME_HEADER_BYTES + payload.length;
    offset += 1;
  }
  return group;
}

/** What lies at a place in a segment file: a whole frame, the beginning of one, or neither. */
export type FrameState = "whole" | "short" | "bad";

/** @param offset the offset that the frame must have */
export function frameAt(bytes: Buffer, at: number, offset: number): FrameState {
  if (bytes.length - at < FRAME_HEADER_BYTES) return "short";
  const word = bytes.readUInt32BE(at);
  const length = lengthOf(word);
  if (length === 0) return "bad";
  const end = at + FRAME_HEADER_BYTES + length;
  if (end > bytes.length) return "short";
  const check = checkOf(bytes.subarray(at + FRAME_HEADER_BYTES, end), word, offset);
  return check === bytes.readUInt32BE(at + 4) ? "whole" : "bad";
}

/**
 * The offset that a whole frame at this place would have, low half. Any bytes give one: the caller knows
 * which offsets are possible.
 */
export function claimedOffset(bytes: Buffer, at: number): number {
  const word = bytes.readUInt32BE(at);
  const payload = bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + lengthOf(word));
  return (bytes.readUInt32BE(at + 4) ^ crc32(payload, word)) >>> 0;
}

function checkOf(payload: Uint8Array, word: number, offset: number): number {
  return (crc32(payload, word) ^ (offset % 0x1_0000_0000)) >>> 0;
}
