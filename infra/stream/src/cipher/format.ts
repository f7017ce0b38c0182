import { hash } from "node:crypto";
import { CipherSuite, DhkemX25519HkdfSha256, ExportOnly, HkdfSha256 } from "@hpke/core";

/**
 * A payload: version 1 (1 byte), key id (8), HPKE `enc` (32), counter (u32, big-endian), ciphertext, tag (16).
 * The HPKE context (base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only) gives one content key for a
 * bounded batch; the nonce is the counter; the header and the caller's context are authenticated.
 *
 * @see RFC 9180, sections 5.1.1, 5.3 and 7.3
 */
export const VERSION = 1;
export const KID_BYTES = 8;
export const ENC_AT = 1 + KID_BYTES;
export const COUNTER_AT = ENC_AT + 32;
export const HEADER_BYTES = COUNTER_AT + 4;
export const TAG_BYTES = 16;

export const ALGORITHM = "aes-256-gcm";

export const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new ExportOnly(),
});

/** HPKE `info`: no other use of an ingest key can give the same content keys. */
export const INFO = new TextEncoder().encode("daybook stream payload v1");

/** HPKE `exporter_context` of the content key. */
export const CONTENT_KEY = new TextEncoder().encode("content key");
export const CONTENT_KEY_BYTES = 32;

/** 96-bit nonce of one payload of a batch: the counter, big-endian, after zeros. */
export function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(counter, 8);
  return nonce;
}

/** What is authenticated beside the ciphertext. The header has a fixed length, so no two pairs give the same bytes. */
export function additionalData(header: Uint8Array, context: string): Buffer {
  return Buffer.concat([header, Buffer.from(context, "utf8")]);
}

/** The key id of an ingest public key: the first 8 bytes of its SHA-256, hex. */
export function kidOf(publicKey: Uint8Array): string {
  return hash("sha256", publicKey, "hex").slice(0, 2 * KID_BYTES);
}

/** @throws {TypeError} unless it is 32 bytes in base64; the message does not repeat the key */
export function decodeKey(base64: string, what: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  if (bytes.length !== 32) throw new TypeError(`the ${what} is not 32 bytes in base64`);
  return bytes;
}
