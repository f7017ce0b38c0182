import {
  type ArchiveRecord,
  leafHash,
  type LogProof,
  parseCanonical,
  record as recordSchema,
  rootFromInclusion,
} from "@daybook/archive-core";
import { strictText } from "./checked-files.ts";
import { BadFile } from "./problems.ts";

/**
 * The root that a leaf and its proof lead to in a tree of `size` leaves; undefined for a proof that leads
 * nowhere in such a tree.
 */
export function provedRoot(leaf: Uint8Array, { index, hashes }: LogProof, size: number): Buffer | undefined {
  return index < size ? rootFromInclusion(leafHash(leaf), index, size, hashes) : undefined;
}

/** Parses a record: canonical JSON that fits the schema. @throws {ArchiveError} `malformed`; {BadFile} */
export function parseRecord(bytes: Buffer): ArchiveRecord {
  const parsed = recordSchema.safeParse(parseCanonical(strictText(bytes)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadFile(`not a record: ${issue?.path.join(".") ?? ""} does not fit the schema`);
  }
  return parsed.data;
}
