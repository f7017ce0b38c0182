import {
  type ArchiveRecord,
  decodeLeaf,
  decodeProof,
  type Leaf,
  leafHash,
  parseCanonical,
  record as recordSchema,
  rootFromInclusion,
} from "@daybook/archive-core";
import { strictText } from "./checked-files.ts";
import { BadFile } from "./problems.ts";

/** Where a leaf is in which tree. */
export interface Placed {
  readonly leaf: Leaf;
  readonly index: number;
  /** The checkpoint that the proof carries, verbatim. */
  readonly note: string;
  /** Root that leaf and proof lead to, given the size of the checkpoint's tree. */
  readonly rootFor: (size: number) => Buffer | undefined;
}

/** Reads a leaf and its proof together. @throws {ArchiveError} `malformed` */
export function placed(leafBytes: Uint8Array, proof: string): Placed {
  const leaf = decodeLeaf(leafBytes);
  const { index, hashes, checkpoint } = decodeProof(proof);
  return {
    leaf,
    index,
    note: checkpoint,
    rootFor: (size) =>
      index < size ? rootFromInclusion(leafHash(leafBytes), index, size, hashes) : undefined,
  };
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
