import { hash, type KeyObject } from "node:crypto";

const BLOCK_BYTES = 64;
const pads = new WeakMap<KeyObject, { readonly inner: Buffer; readonly outer: Buffer }>();

/**
 * HMAC-SHA-256 of a text. By two digests: what Node makes for each HMAC lies outside of the heap until it is collected,
 * and costs four times as much.
 *
 * @param key of at most 64 bytes; the same object each time
 * @throws {RangeError} for a longer key
 * @see RFC 2104 section 2
 */
export function hmacSha256(key: KeyObject, text: string): Buffer {
  const known = pads.get(key);
  const { inner, outer } = known ?? padsOf(key);
  if (!known) pads.set(key, { inner, outer });
  const within = hash("sha256", Buffer.concat([inner, Buffer.from(text)]), "binary");
  const digest = hash("sha256", Buffer.concat([outer, Buffer.from(within, "binary")]), "binary");
  return Buffer.from(digest, "binary");
}

function padsOf(key: KeyObject): { inner: Buffer; outer: Buffer } {
  const bytes = key.export();
  if (bytes.length > BLOCK_BYTES) throw new RangeError("a key of at most 64 bytes");
  const block = Buffer.concat([bytes], BLOCK_BYTES);
  return {
    inner: block.map((byte) => byte ^ 0x36) as Buffer,
    outer: block.map((byte) => byte ^ 0x5c) as Buffer,
  };
}
