import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a file's keys are made of. */
export interface FileKey {
  /** 32 bytes, the deployment's. */
  readonly key: Uint8Array;
  /** HKDF's info: which kind of file it is, and which version. Never another for files that exist. */
  readonly label: string;
}

/**
 * Keeps what a file holds from whoever reads the disk: values under AES-256-GCM, bound to where they stand, and the names
 * of rows as HMACs, for they would tell with whom an official speaks. Both keys are derived (HKDF-SHA-256, RFC 5869) from
 * the deployment's key and the file's own salt, so that no two files share a nonce space.
 */
export class ValueCipher {
  // As Node keeps keys: it looks long at one that is given as bytes, each time.
  readonly #encryption: KeyObject;
  readonly #naming: KeyObject;

  /** @param salt of the file */
  constructor({ key, label }: FileKey, salt: Uint8Array) {
    const keys = Buffer.from(hkdfSync("sha256", key, salt, label, 64));
    this.#encryption = createSecretKey(keys.subarray(0, 32));
    this.#naming = createSecretKey(keys.subarray(32));
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

  /**
   * A copy of its own, and no view into a larger buffer.
   *
   * @throws the system's error for another key, another place, or damage
   */
  open(sealed: Uint8Array, place: string): Uint8Array<ArrayBuffer> {
    const end = sealed.length - TAG_BYTES;
    const cipher = createDecipheriv("aes-256-gcm", this.#encryption, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(end));
    return new Uint8Array(Buffer.concat([cipher.update(sealed.subarray(NONCE_BYTES, end)), cipher.final()]));
  }
}

/** Where a row's value stands. */
export function placeOf(kind: string, name: Uint8Array): string {
  return `${kind}/${Buffer.from(name).toString("hex")}`;
}
