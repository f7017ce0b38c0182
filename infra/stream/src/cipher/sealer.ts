import { createCipheriv, createSecretKey, type KeyObject } from "node:crypto";
import type { PayloadSealer } from "../cipher.ts";
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
  KID_BYTES,
  kidOf,
  nonceOf,
  suite,
  TAG_BYTES,
  VERSION,
} from "./format.ts";

/** Bounds of what shares one content key. */
export const BATCH_MESSAGES = 4_096;
export const BATCH_MS = 10 * 60_000;

export interface PayloadSealerOptions {
  /**
   * The ingest public key to use now, base64. Asked at every payload, so that a rotation takes effect at once
   * and needs no restart.
   */
  readonly publicKey: () => string;
  /** A clock that only goes forward, milliseconds. */
  readonly now?: () => number;
}

interface Batch {
  readonly publicKey: string;
  readonly contentKey: KeyObject;
  /** The header up to the counter. */
  readonly header: Buffer;
  readonly until: number;
  used: number;
}

/**
 * Encrypts payloads to an ingest key. One HPKE context serves at most 4,096 payloads or 10 minutes; each
 * payload carries what opening it alone needs. Safe to call concurrently. It keeps no private key.
 *
 * `seal` throws a {TypeError} when the public key is not 32 bytes in base64.
 */
export function createPayloadSealer({
  publicKey,
  now = () => performance.now(),
}: PayloadSealerOptions): PayloadSealer {
  let current: Batch | undefined;
  let renewing: Promise<void> | undefined;

  const usable = () =>
    current && current.publicKey === publicKey() && current.used < BATCH_MESSAGES && now() < current.until
      ? current
      : undefined;

  const renew = async () => {
    const started = await startBatch(publicKey());
    current = { ...started, until: now() + BATCH_MS, used: 0 };
  };

  return {
    async seal(plaintext, context) {
      let batch = usable();
      while (!batch) {
        renewing ??= renew().finally(() => (renewing = undefined));
        await renewing;
        batch = usable();
      }
      return sealUnder(batch, batch.used++, plaintext, context);
    },
  };
}

async function startBatch(publicKey: string): Promise<Pick<Batch, "publicKey" | "contentKey" | "header">> {
  const raw = decodeKey(publicKey, "ingest public key");
  const recipientPublicKey: unknown = await suite.kem.deserializePublicKey(raw);
  const sender = await suite.createSenderContext({ recipientPublicKey, info: INFO });
  const contentKey = createSecretKey(Buffer.from(await sender.export(CONTENT_KEY, CONTENT_KEY_BYTES)));

  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = VERSION;
  header.write(kidOf(raw), 1, KID_BYTES, "hex");
  header.set(new Uint8Array(sender.enc), ENC_AT);
  return { publicKey, contentKey, header };
}

function sealUnder(batch: Batch, counter: number, plaintext: Uint8Array, context: string): Uint8Array {
  const payload = Buffer.allocUnsafe(HEADER_BYTES + plaintext.length + TAG_BYTES);
  batch.header.copy(payload);
  payload.writeUInt32BE(counter, COUNTER_AT);

  const cipher = createCipheriv(ALGORITHM, batch.contentKey, nonceOf(counter));
  cipher.setAAD(additionalData(payload.subarray(0, HEADER_BYTES), context));
  payload.set(cipher.update(plaintext), HEADER_BYTES);
  cipher.final();
  payload.set(cipher.getAuthTag(), HEADER_BYTES + plaintext.length);
  return payload;
}
