import { createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import type { PayloadOpener } from "../cipher.ts";
import { StreamError } from "../port.ts";
import {
  additionalData,
  ALGORITHM,
  CONTENT_KEY,
  CONTENT_KEY_BYTES,
  COUNTER_AT,
  decodeKey,
  ENC_AT,
  HEADER_BYTES,
  INFO,
  nonceOf,
  suite,
  TAG_BYTES,
  VERSION,
} from "./format.ts";

/** Content keys kept in memory: what is evicted is derived again at the cost of one X25519. */
const CACHED_KEYS = 1_024;

export interface PayloadOpenerOptions {
  /**
   * The ingest private key with this id, base64; undefined once it is destroyed. Asked at every payload: no
   * content key outlives the ingest key that it came from.
   */
  readonly privateKey: (kid: string) => string | undefined;
  /**
   * Looks again for a key that `privateKey` does not know, before a payload is given up: another process may have made it.
   * What it throws, `open` throws.
   */
  readonly lookAgain?: (kid: string) => Promise<void>;
}

/**
 * Decrypts payloads that were encrypted to an ingest key. Safe to call concurrently.
 *
 * `open` throws `undecryptable`, naming the key id where it is the key that is missing.
 */
export function createPayloadOpener({ privateKey, lookAgain }: PayloadOpenerOptions): PayloadOpener {
  /** By key id and `enc`; the least recently used first. */
  const keys = new Map<string, { kid: string; key: KeyObject | Promise<KeyObject> }>();

  const forget = (kid: string) => {
    for (const [name, entry] of keys) if (entry.kid === kid) keys.delete(name);
  };

  const contentKey = (kid: string, payload: Buffer): KeyObject | Promise<KeyObject> => {
    const secret = privateKey(kid);
    if (secret === undefined) {
      forget(kid);
      throw new StreamError("undecryptable", `there is no ingest key ${kid}`);
    }
    const name = payload.toString("latin1", 1, COUNTER_AT);
    const known = keys.get(name);
    if (known) keys.delete(name);
    const entry = known ?? { kid, key: deriveKey(secret, payload.subarray(ENC_AT, COUNTER_AT)) };
    keys.set(name, entry);
    if (known) return known.key;

    const [oldest] = keys.keys();
    if (keys.size > CACHED_KEYS && oldest !== undefined) keys.delete(oldest);
    void Promise.resolve(entry.key).then(
      (key) => (entry.key = key),
      () => keys.delete(name),
    );
    return entry.key;
  };

  return {
    async open(bytes, context) {
      const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (payload.length < HEADER_BYTES + TAG_BYTES || payload[0] !== VERSION) {
        throw new StreamError("undecryptable", "not a payload of a version that this program knows");
      }
      const kid = payload.toString("hex", 1, ENC_AT);
      if (lookAgain && privateKey(kid) === undefined) await lookAgain(kid);
      const key = contentKey(kid, payload);
      return openUnder(key instanceof Promise ? await key : key, payload, context);
    },
  };
}

async function deriveKey(privateKey: string, enc: Uint8Array): Promise<KeyObject> {
  const raw = decodeKey(privateKey, "ingest private key");
  const recipientKey: unknown = await suite.kem.deserializePrivateKey(raw);
  try {
    const recipient = await suite.createRecipientContext({
      recipientKey,
      enc: Uint8Array.from(enc),
      info: INFO,
    });
    return createSecretKey(Buffer.from(await recipient.export(CONTENT_KEY, CONTENT_KEY_BYTES)));
  } catch (cause) {
    throw new StreamError("undecryptable", "the payload names no usable ephemeral key", { cause });
  }
}

function openUnder(key: KeyObject, payload: Buffer, context: string): Uint8Array {
  const tagAt = payload.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(payload.readUInt32BE(COUNTER_AT)), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(additionalData(payload.subarray(0, HEADER_BYTES), context));
  decipher.setAuthTag(payload.subarray(tagAt));
  const plaintext = decipher.update(payload.subarray(HEADER_BYTES, tagAt));
  try {
    decipher.final();
  } catch (cause) {
    throw new StreamError("undecryptable", "the payload was altered or moved, or its key does not fit", {
      cause,
    });
  }
  return plaintext;
}
