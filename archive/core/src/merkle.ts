import { hash } from "node:crypto";

export const HASH_BYTES = 32;

/** Root of the tree without leaves: SHA-256 of nothing. RFC 6962 section 2.1. */
export const EMPTY_ROOT = hash("sha256", new Uint8Array(0), "buffer");

/** By way of a string: a Buffer that Node makes for a digest costs four times as much, and lies outside the heap. */
function sha256(input: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", input, "binary"), "binary");
}

/** RFC 6962 section 2.1: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(entry.length + 1);
  input[0] = 0;
  input.set(entry, 1);
  return sha256(input);
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** RFC 6962 section 2.1: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** Largest power of two below `n`, for `n` of at least 2. */
export function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Whether a positive safe integer is a power of two. */
export function isPowerOfTwo(n: number): boolean {
  return n === 2 ** Math.round(Math.log2(n));
}

/** Tree hash of a list of hashes of equal perfect subtrees. */
export function treeHash(hashes: readonly Uint8Array[]): Buffer {
  if (hashes.length === 0) return EMPTY_ROOT;
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2)
      above.push(nodeHash(level[i] as Uint8Array, level[i + 1] as Uint8Array));
    if (level.length % 2 === 1) above.push(level.at(-1) as Uint8Array);
    level = above;
  }
  return Buffer.from(level[0] as Uint8Array);
}

/**
 * The root to which a leaf and its inclusion proof lead.
 *
 * @param index zero-based, `0 <= index < size`
 * @param proof sibling hashes from the leaf upwards, 32 bytes each
 * @returns undefined for a proof of the wrong length
 * @throws {RangeError} if `index` or `size` is not a safe integer in range
 * @see RFC 9162 section 2.1.3.2, step by step
 */
export function rootFromInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Buffer | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    throw new RangeError("index and size must be safe integers, 0 <= index < size");
  }
  let fn = BigInt(index);
  let sn = BigInt(size - 1);
  let r: Buffer = Buffer.from(leaf);
  for (const sibling of proof) {
    if (sn === 0n || sibling.length !== HASH_BYTES) return undefined;
    if ((fn & 1n) === 1n || fn === sn) {
      r = nodeHash(sibling, r);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      r = nodeHash(r, sibling);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n ? r : undefined;
}

/**
 * Checks that the tree of `newSize` leaves only added to the tree of `oldSize`.
 *
 * @returns false for any proof that does not show it, malformed ones included
 * @throws {RangeError} unless `0 <= oldSize <= newSize`, both safe integers
 * @see RFC 9162 section 2.1.4.2
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 0 || oldSize > newSize) {
    throw new RangeError("sizes must be safe integers, 0 <= oldSize <= newSize");
  }
  const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
  if (oldSize === newSize) return proof.length === 0 && same(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && same(oldRoot, EMPTY_ROOT);
  const path = [...proof];
  if (isPowerOfTwo(oldSize)) path.unshift(oldRoot);
  const first = path.shift();
  if (first === undefined || [first, ...path].some((h) => h.length !== HASH_BYTES)) return false;
  let fn = BigInt(oldSize - 1);
  let sn = BigInt(newSize - 1);
  while ((fn & 1n) === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let fr: Buffer = Buffer.from(first);
  let sr: Buffer = fr;
  for (const c of path) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = nodeHash(sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && same(fr, oldRoot) && same(sr, newRoot);
}
