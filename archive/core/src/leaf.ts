import { z } from "zod";
import { parseCanonical } from "./json.ts";
import { recordIdSchema } from "./record.ts";
import { ArchiveError } from "./error.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What the log commits to, one a record: canonical JSON under 400 bytes. */
export const leafSchema = z.strictObject({
  /** SHA-256 of the sealed packet, hex. */
  ct: digest,
  id: recordIdSchema,
  /** Length of the packet in bytes. */
  len: z.int().positive(),
  /** Offset of the packet in its segment, from the first packet, in bytes. */
  off: z.int().nonnegative(),
  /** SHA-256 of the record's canonical JSON, hex. */
  rec: digest,
  /** SHA-256 of the segment's packets, hex. */
  seg: digest,
  /** When it was archived, milliseconds since 1970. */
  t: z.int().nonnegative(),
  v: z.literal(1),
});
export type Leaf = z.infer<typeof leafSchema>;

/** Size that no leaf reaches, in bytes: entries of a tile are read into buffers of this size. */
export const MAX_LEAF_BYTES = 400;

/** Members in canonical order, none of which needs an escape: what `canonical` gives, at a fraction of its cost. */
export function encodeLeaf({ ct, id, len, off, rec, seg, t, v }: Leaf): Buffer {
  return Buffer.from(
    `{"ct":"${ct}","id":"${id}","len":${len},"off":${off},"rec":"${rec}","seg":"${seg}","t":${t},"v":${v}}`,
  );
}

/** @throws {ArchiveError} `malformed` */
export function decodeLeaf(bytes: Uint8Array): Leaf {
  if (bytes.length >= MAX_LEAF_BYTES) throw new ArchiveError("malformed", "a leaf is under 400 bytes");
  const parsed = leafSchema.safeParse(parseCanonical(Buffer.from(bytes).toString("utf8")));
  if (!parsed.success) throw new ArchiveError("malformed", "not a leaf of this log");
  return parsed.data;
}
