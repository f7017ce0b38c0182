import { hash } from "node:crypto";
import { z } from "zod";
import { ArchiveError } from "./error.ts";
import { canonical, parseCanonical } from "./json.ts";
import { decodeLeaf, encodeLeaf, type Leaf } from "./leaf.ts";
import { decodeBundle, encodeBundle } from "./tiles.ts";

/** A segment closes at this many records or packet bytes, or after its linger. */
export const MAX_SEGMENT_RECORDS = 4_096;
export const MAX_SEGMENT_BYTES = 4 * 1024 * 1024;

const MAGIC = Buffer.from("DAYBOOK1");
const TAIL_BYTES = 4 + MAGIC.length;
const MAX_TRAILER_BYTES = 4_096;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const trailerSchema = z.strictObject({
  v: z.literal(1),
  shard: z.string().max(64),
  /** Log index of the first record. */
  first: z.int().nonnegative(),
  count: z.int().positive(),
  packetsLen: z.int().positive(),
  leavesLen: z.int().positive(),
  /** Key of the segment before this one; null for a shard's first. */
  previous: z.string().max(512).nullable(),
  /** Tree with this segment's leaves. */
  size: z.int().positive(),
  root: sha256,
});
export type SegmentTrailer = z.infer<typeof trailerSchema>;

/** A sealed record on its way into a segment. */
export interface SealedRecord {
  readonly id: string;
  /** SHA-256 of the record's canonical JSON, hex. */
  readonly rec: string;
  /** The SEIPD packet. */
  readonly packet: Uint8Array;
}

/** Where a segment is stored. @param seg SHA-256 of its packets, hex */
export function segmentKey(shard: string, first: number, seg: string): string {
  return `log/${shard}/segment/${padIndex(first)}-${seg}`;
}

/** Where a segment's session keys are, in the keyring. */
export function keyBlockKey(shard: string, first: number, seg: string): string {
  return `keyring/${shard}/${padIndex(first)}-${seg}`;
}

/** Shard, first index and packets' digest of a segment's or key block's name; undefined for another name. */
export function parseSegmentName(key: string): { shard: string; first: number; seg: string } | undefined {
  const match = /^(?:log\/([^/]+)\/segment|keyring\/([^/]+))\/(\d{12})-([0-9a-f]{64})$/.exec(key);
  if (!match) return undefined;
  return { shard: (match[1] ?? match[2]) as string, first: Number(match[3]), seg: match[4] as string };
}

/** The leaves and packets of a segment, and where each packet is, before its tree is known. */
export function packRecords(
  records: readonly SealedRecord[],
  t: number,
): { seg: string; packets: Buffer; leaves: Buffer[]; places: { off: number; len: number }[] } {
  const all = records.map((r) => r.packet);
  const packets = Buffer.concat(all);
  const seg = hash("sha256", packets);
  const places: { off: number; len: number }[] = [];
  let off = 0;
  const leaves = records.map(({ id, rec }, i) => {
    const packet = all[i] as Uint8Array;
    const place = { off, len: packet.length };
    places.push(place);
    off += packet.length;
    return encodeLeaf({ ct: hash("sha256", packet), id, ...place, rec, seg, t, v: 1 });
  });
  return { seg, packets, leaves, places };
}

/** The segment's bytes: packets, leaves, trailer, the trailer's length as uint32, `DAYBOOK1`. */
export function encodeSegment(
  packets: Uint8Array,
  leaves: readonly Uint8Array[],
  about: Omit<SegmentTrailer, "v" | "count" | "packetsLen" | "leavesLen">,
): Buffer {
  const bundle = encodeBundle(leaves);
  const trailer = Buffer.from(
    canonical({ ...about, v: 1, count: leaves.length, packetsLen: packets.length, leavesLen: bundle.length }),
  );
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(trailer.length);
  return Buffer.concat([packets, bundle, trailer, length, MAGIC]);
}

/** A segment, read back. `leaves[i]` describes `packet(i)`. */
export interface Segment {
  readonly trailer: SegmentTrailer;
  readonly seg: string;
  readonly entries: readonly Buffer[];
  readonly leaves: readonly Leaf[];
  packet(i: number): Buffer;
}

/**
 * Reads a segment and checks it against itself: digests, offsets and counts all fit. Whether it is the one
 * that the log committed to is the caller's question.
 *
 * @throws {ArchiveError} `malformed`, or `corrupt` when packets and leaves do not fit each other
 */
export function decodeSegment(bytes: Uint8Array): Segment {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = view.length - TAIL_BYTES;
  if (tail < 0 || !view.subarray(tail + 4).equals(MAGIC))
    throw new ArchiveError("malformed", "not a segment");
  const trailerLength = view.readUInt32BE(tail);
  if (trailerLength > MAX_TRAILER_BYTES || trailerLength > tail)
    throw new ArchiveError("malformed", "not a segment");
  const parsed = trailerSchema.safeParse(parseCanonical(view.toString("utf8", tail - trailerLength, tail)));
  if (!parsed.success) throw new ArchiveError("malformed", "a segment's trailer does not fit its schema");
  const trailer = parsed.data;
  if (trailer.packetsLen + trailer.leavesLen + trailerLength !== tail) {
    throw new ArchiveError("malformed", "a segment's lengths do not add up");
  }
  const packets = view.subarray(0, trailer.packetsLen);
  const entries = decodeBundle(view.subarray(trailer.packetsLen, trailer.packetsLen + trailer.leavesLen));
  const leaves = entries.map(decodeLeaf);
  const seg = hash("sha256", packets);
  let off = 0;
  for (const leaf of leaves) {
    const packet = packets.subarray(off, off + leaf.len);
    if (leaf.off !== off || leaf.seg !== seg || hash("sha256", packet) !== leaf.ct) {
      throw new ArchiveError("corrupt", "a segment's packets do not fit its leaves");
    }
    off += leaf.len;
  }
  if (
    off !== packets.length ||
    leaves.length !== trailer.count ||
    trailer.size !== trailer.first + trailer.count
  ) {
    throw new ArchiveError("corrupt", "a segment's counts do not fit its leaves");
  }
  return {
    trailer,
    seg,
    entries,
    leaves,
    packet(i) {
      const leaf = leaves[i];
      if (!leaf) throw new RangeError("no such packet");
      return packets.subarray(leaf.off, leaf.off + leaf.len);
    },
  };
}

function padIndex(index: number): string {
  return String(index).padStart(12, "0");
}
