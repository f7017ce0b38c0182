import { createHash } from "node:crypto";

const sha256 = (...parts: (Uint8Array | number[])[]) => {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(Uint8Array.from(part));
  return digest.digest();
};

const split = (n: number) => 2 ** Math.floor(Math.log2(n - 1));

/** MTH of RFC 6962 section 2.1, word for word and slow: what everything else is checked against. */
export function referenceRoot(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256([0], entries[0]!);
  const k = split(entries.length);
  return sha256([1], referenceRoot(entries.slice(0, k)), referenceRoot(entries.slice(k)));
}

/** PATH of RFC 6962 section 2.1.1. */
export function referencePath(m: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length <= 1) return [];
  const k = split(entries.length);
  return m < k
    ? [...referencePath(m, entries.slice(0, k)), referenceRoot(entries.slice(k))]
    : [...referencePath(m - k, entries.slice(k)), referenceRoot(entries.slice(0, k))];
}

/** PROOF of RFC 6962 section 2.1.2. */
export function referenceConsistency(m: number, entries: readonly Uint8Array[], whole = true): Buffer[] {
  if (m === entries.length) return whole ? [] : [referenceRoot(entries)];
  const k = split(entries.length);
  return m <= k
    ? [...referenceConsistency(m, entries.slice(0, k), whole), referenceRoot(entries.slice(k))]
    : [...referenceConsistency(m - k, entries.slice(k), false), referenceRoot(entries.slice(0, k))];
}
