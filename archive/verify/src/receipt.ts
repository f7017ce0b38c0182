import { existsSync, readFileSync, statSync } from "node:fs";
import { hash } from "node:crypto";
import { basename, resolve } from "node:path";
import { decodeLeaf, decodeProof, type Json, parseCanonical, readCheckpoint } from "@daybook/archive-core";
import { TAG_MANIFEST } from "./bag.ts";
import { strictText } from "./checked-files.ts";
import { type PackageLogs, signedByOne } from "./logs.ts";
import { BadFile, type Problems } from "./problems.ts";
import { parseRecord, provedRoot } from "./proved.ts";

const MAX_RECEIPT_BYTES = 4 * 1024 * 1024;

/** What lies beside a package. */
export interface NamedReceipt {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Finds a package's receipt: where the caller says, else as `NAME.receipt` beside `NAME` or `NAME.zip`. */
export function readReceipt(
  packagePath: string,
  given: string | undefined,
  problems: Problems,
): NamedReceipt | undefined {
  const path = given ?? `${resolve(packagePath).replace(/\.zip$/, "")}.receipt`;
  if (given === undefined && !existsSync(path)) return undefined;
  const name = basename(path);
  return problems.guard(name, () => {
    if (statSync(path).size > MAX_RECEIPT_BYTES) throw new BadFile("larger than a receipt can be");
    return { name, bytes: readFileSync(path) };
  });
}

/**
 * Checks the receipt: a logged audit record that names the digest of the tag manifest, and with it of every
 * file.
 *
 * @param tagManifest SHA-256 of the package's tag manifest, hex
 */
export function checkReceipt(
  { name, bytes }: NamedReceipt,
  tagManifest: string | undefined,
  logs: PackageLogs,
  problems: Problems,
): void {
  problems.guard(name, () => {
    const { record: text, leaf: leafText, proof: proofText } = parseReceipt(bytes);
    const record = parseRecord(Buffer.from(text));
    const leaf = decodeLeaf(Buffer.from(leafText));
    const proof = decodeProof(proofText);
    const { origin, size, root } = readCheckpoint(proof.checkpoint);
    if (leaf.rec !== hash("sha256", text) || leaf.id !== record.id)
      problems.add(name, "its leaf is not that of its record");
    if (provedRoot(Buffer.from(leafText), proof, size)?.equals(root) !== true)
      problems.add(name, "its proof does not lead to its checkpoint");
    const log = logs.logs.find((candidate) => candidate.origin === origin);
    const named = logs.given.filter((key) => key.name === origin);
    if (!signedByOne(proof.checkpoint, named.length > 0 ? named : (log?.verifiers ?? [])))
      problems.add(name, "its checkpoint is not signed by the key of a log here");
    if (log && (size < log.size || (size === log.size && !root.equals(log.root))))
      problems.add(name, "its checkpoint and the package's are of two histories");
    if (record.kind !== "audit") problems.add(name, "its record is not of an export");
    if (record.audit?.detail?.["tagManifestSha256"] !== tagManifest)
      problems.add(TAG_MANIFEST, `not the one that ${name} vouches for`);
  });
}

function parseReceipt(bytes: Buffer): { record: string; leaf: string; proof: string } {
  const value = parseCanonical(strictText(bytes)) as { readonly [name: string]: Json } | null;
  const { record, leaf, proof, ...more } = value ?? {};
  const isReceipt = typeof record === "string" && typeof leaf === "string" && typeof proof === "string";
  if (!isReceipt || Object.keys(more).length > 0) throw new BadFile("not a receipt");
  return { record, leaf, proof };
}
