import { readFileSync, statSync } from "node:fs";
import { hash } from "node:crypto";
import { basename } from "node:path";
import { type Json, parseCanonical, readCheckpoint } from "@daybook/archive-core";
import { TAG_MANIFEST } from "./bag.ts";
import { strictText } from "./checked-files.ts";
import { type PackageLogs, signedByOne } from "./logs.ts";
import { BadFile, type Problems } from "./problems.ts";
import { parseRecord, placed } from "./proved.ts";

const MAX_RECEIPT_BYTES = 4 * 1024 * 1024;

/**
 * Checks the receipt: a logged audit record that names the digest of the tag manifest, and with it of every
 * file.
 *
 * @param tagManifest SHA-256 of the package's tag manifest, hex
 */
export function checkReceipt(
  path: string,
  tagManifest: string | undefined,
  logs: PackageLogs,
  problems: Problems,
): void {
  const name = basename(path);
  problems.guard(name, () => {
    if (statSync(path).size > MAX_RECEIPT_BYTES) throw new BadFile("larger than a receipt can be");
    const { record: text, leaf: leafText, proof } = parseReceipt(readFileSync(path));
    const record = parseRecord(Buffer.from(text));
    const { leaf, note, rootFor } = placed(Buffer.from(leafText), proof);
    const { origin, size, root } = readCheckpoint(note);
    if (leaf.rec !== hash("sha256", text) || leaf.id !== record.id)
      problems.add(name, "its leaf is not that of its record");
    if (rootFor(size)?.equals(root) !== true) problems.add(name, "its proof does not lead to its checkpoint");
    const log = logs.logs.find((candidate) => candidate.origin === origin);
    const named = logs.given.filter((key) => key.name === origin);
    if (!signedByOne(note, named.length > 0 ? named : (log?.verifiers ?? [])))
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
