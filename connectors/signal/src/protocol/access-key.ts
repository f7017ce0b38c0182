import { createCipheriv } from "node:crypto";

/**
 * What lets somebody who knows a person's profile key send to them without saying who sends: the first block of
 * AES-256-GCM over zeros under a zero nonce.
 *
 * @param profileKey 32 bytes
 * @returns 16 bytes
 */
export function accessKeyOf(profileKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-256-gcm", profileKey, Buffer.alloc(12));
  return new Uint8Array(cipher.update(Buffer.alloc(16)));
}
