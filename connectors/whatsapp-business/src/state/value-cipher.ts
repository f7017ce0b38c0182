import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps what the state file holds from whoever reads the disk: values under AES-256-GCM, bound to where they stand, and
 * the names of rows as HMACs. Both keys are derived (HKDF-SHA-256) from the deployment's key and the file's own salt.
 */
export class ValueCipher {
  readonly #encryption: Buffer;
  readonly #naming: Buffer;

  /** @param key 32 bytes, the deployment's; @param salt of the file */
  constructor(key: Uint8Array, salt: Uint8Array) {
    const keys = Buffer.from(hkdfSync("sha256", key, salt, "daybook whatsapp business state v1", 64));
    this.#encryption = keys.subarray(0, 32);
    this.#naming = keys.subarray(32);
  }

  /** How a row is named: 16 bytes that say nothing. */
  name(kind: string, name: string): Buffer {
    return createHmac("sha256", this.#naming)
      .update(JSON.stringify([kind, name]))
      .digest()
      .subarray(0, 16);
  }

  /** @param place where it will stand, so that a value moved to another row does not open */
  seal(value: Uint8Array, place: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#encryption, nonce).setAAD(Buffer.from(place));
    return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws the system's error for another key, another place, or damage */
  open(sealed: Uint8Array, place: string): Buffer {
    const end = sealed.length - TAG_BYTES;
    const cipher = createDecipheriv("aes-256-gcm", this.#encryption, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(end));
    return Buffer.concat([cipher.update(sealed.subarray(NONCE_BYTES, end)), cipher.final()]);
  }
}
