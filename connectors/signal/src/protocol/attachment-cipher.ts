import { createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import { SignalError } from "../error.ts";

/** What a message says of an attachment's bytes. */
export interface AttachmentClaim {
  /** 64 bytes: AES-256 key, then HMAC-SHA-256 key. */
  readonly key: Uint8Array;
  /** SHA-256 of the encrypted bytes. */
  readonly digest: Uint8Array;
  /** Bytes of the content; what is encrypted beyond them is padding. */
  readonly sizeBytes: number;
}

const IV_BYTES = 16;
const MAC_BYTES = 32;
/** Senders pad by a twentieth, and what is short to some 500 bytes: more than this is something else. */
const mostEncrypted = (sizeBytes: number) => sizeBytes * 1.1 + 64 * 1024;

/**
 * The content of an encrypted attachment, `iv | AES-256-CBC | HMAC-SHA-256`, as it arrives, with memory for a chunk.
 * The bytes are vouched for only when the end is reached without an error: whoever keeps them must throw away what
 * came before one.
 *
 * @throws {SignalError} `attachment-invalid` when the bytes are not those that the sender vouched for
 */
export async function* openAttachment(
  body: AsyncIterable<Uint8Array>,
  { key, digest, sizeBytes }: AttachmentClaim,
): AsyncGenerator<Uint8Array> {
  if (key.length !== 64 || digest.length !== 32) throw refused("names no proper key or digest");
  const whole = createHash("sha256");
  const mac = createHmac("sha256", key.subarray(32));
  let cipher: ReturnType<typeof createDecipheriv> | undefined;
  let held: Uint8Array = new Uint8Array();
  let left = sizeBytes;

  const take = (plain: Uint8Array) => {
    const content = plain.subarray(0, left);
    left -= content.length;
    return content;
  };

  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > mostEncrypted(sizeBytes)) throw refused("is longer than the message says");
    whole.update(chunk);
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    // The last 32 bytes of all are the MAC; which they are shows at the end.
    const ready = held.length - MAC_BYTES - (cipher ? 0 : IV_BYTES);
    if (ready <= 0) continue;
    if (!cipher) {
      const iv = held.subarray(0, IV_BYTES);
      mac.update(iv);
      cipher = createDecipheriv("aes-256-cbc", key.subarray(0, 32), iv);
      held = held.subarray(IV_BYTES);
    }
    const encrypted = held.subarray(0, ready);
    mac.update(encrypted);
    // A copy, so that the chunk itself is let go of.
    held = Buffer.from(held.subarray(ready));
    const content = take(cipher.update(encrypted));
    if (content.length > 0) yield content;
  }

  if (!cipher || held.length !== MAC_BYTES) throw refused("is too short");
  if (!timingSafeEqual(whole.digest(), digest))
    throw refused("does not have the digest that the message names");
  if (!timingSafeEqual(mac.digest(), held)) throw refused("does not carry its sender's code");
  let last: Uint8Array;
  try {
    last = take(cipher.final());
  } catch (cause) {
    throw refused("does not decrypt", cause);
  }
  if (last.length > 0) yield last;
  if (left > 0) throw refused("is shorter than the message says");
}

function refused(why: string, cause?: unknown): SignalError {
  return new SignalError("attachment-invalid", `an attachment ${why}`, { cause });
}
