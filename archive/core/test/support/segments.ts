import { createHash, randomBytes } from "node:crypto";
import type { SealedRecord } from "../../src/index.ts";

/** A record sealed by nobody: random bytes, for what does not look inside. */
export function sealedRecord(sizeBytes = 40): SealedRecord {
  return {
    id: randomBytes(16).toString("hex"),
    rec: randomBytes(32).toString("hex"),
    packet: randomBytes(sizeBytes),
  };
}

export function sealedRecords(count: number): SealedRecord[] {
  return Array.from({ length: count }, () => sealedRecord());
}

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
