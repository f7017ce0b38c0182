import { z } from "zod";
import { ArchiveError } from "./error.ts";
import { canonical, parseCanonical } from "./json.ts";

/** Where a shard's writer is in the stream: the next event to archive. */
export const streamPosition = z.strictObject({
  /** Identity of the stream's history. */
  id: z.string().min(1).max(128),
  partition: z.int().nonnegative(),
  /** Offset of the first event that is not archived. */
  offset: z.int().nonnegative(),
});
export type StreamPosition = z.infer<typeof streamPosition>;

const headSchema = z.strictObject({
  v: z.literal(1),
  shard: z.string().max(64),
  /** The signed checkpoint, verbatim. */
  checkpoint: z.string().max(16_384),
  /** Roots of the perfect subtrees of the right edge, largest first, base64. */
  edge: z.array(z.string().max(44)).max(63),
  /** Key of the newest segment, and the size of the tree before it. */
  segment: z.string().max(512),
  previousSize: z.int().nonnegative(),
  stream: streamPosition,
});

/** The commit point of a shard: who replaces it has committed everything it names. */
export type Head = z.infer<typeof headSchema>;

export function headKey(shard: string): string {
  return `log/${shard}/head`;
}

export function encodeHead(head: Head): Buffer {
  return Buffer.from(canonical(head));
}

/** @throws {ArchiveError} `corrupt` */
export function decodeHead(bytes: Uint8Array): Head {
  try {
    return headSchema.parse(parseCanonical(Buffer.from(bytes).toString("utf8")));
  } catch {
    throw new ArchiveError("corrupt", "a head does not fit its schema");
  }
}
