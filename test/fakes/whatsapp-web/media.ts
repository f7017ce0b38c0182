import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes, randomUUID } from "node:crypto";

const KEYS_OF = {
  image: "WhatsApp Image Keys",
  sticker: "WhatsApp Image Keys",
  video: "WhatsApp Video Keys",
  audio: "WhatsApp Audio Keys",
  ptt: "WhatsApp Audio Keys",
  document: "WhatsApp Document Keys",
} as const;
export type MediaType = keyof typeof KEYS_OF;

const MEDIA_TYPES: Record<MediaType, string> = {
  image: "image/jpeg",
  sticker: "image/webp",
  video: "video/mp4",
  audio: "audio/mpeg",
  ptt: "audio/ogg; codecs=opus",
  document: "application/pdf",
};

/**
 * What goes wrong with one attachment: its sender has to upload it again (`reuploading`), the page cannot
 * fetch it (`fetching`, `error`: the stage it ends in), the server has it no more (`gone`), or has other bytes.
 */
export type MediaFault = "reuploading" | "fetching" | "error" | "gone" | "corrupt";
const STAGES: Partial<Record<MediaFault, string>> = {
  reuploading: "REUPLOADING",
  fetching: "FETCHING",
  error: "ERROR_UNKNOWN",
};

/** What a message says of its attachment. Hashes and key in base64. */
export interface MediaFields {
  readonly type: MediaType;
  readonly mimetype: string;
  readonly directPath: string;
  readonly mediaKey: string;
  readonly mediaKeyTimestamp: number;
  readonly filehash: string;
  readonly encFilehash: string;
  /** Bytes, before encryption. */
  readonly size: number;
  readonly mediaFault?: string;
}

/**
 * WhatsApp's media server, with WhatsApp's scheme: HKDF-SHA256 of the media key makes IV, cipher key and MAC key;
 * AES-256-CBC, then ten bytes of HMAC-SHA256 over IV and ciphertext.
 */
export class MediaStore {
  readonly #files = new Map<string, Buffer>();
  readonly #whole = new Map<string, Buffer>();

  /** Encrypted bytes at a path, if they are there. */
  get(path: string): Buffer | undefined {
    return this.#files.get(path);
  }

  /** Takes an attachment in, and says what its message has to say of it. */
  add(type: MediaType, bytes: Uint8Array, fault?: MediaFault): MediaFields {
    const key = randomBytes(32);
    const keys = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(32), KEYS_OF[type], 112));
    const iv = keys.subarray(0, 16);
    const cipher = createCipheriv("aes-256-cbc", keys.subarray(16, 48), iv);
    const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const mac = createHmac("sha256", keys.subarray(48, 80)).update(iv).update(body).digest();
    const file = Buffer.concat([body, mac.subarray(0, 10)]);
    const directPath = `/mms/${randomUUID()}`;
    this.#whole.set(directPath, file);
    this.#files.set(directPath, file);
    if (fault === "gone" || fault === "corrupt") this.spoil(directPath, fault);
    const stage = fault && STAGES[fault];
    return {
      type,
      mimetype: MEDIA_TYPES[type],
      directPath,
      mediaKey: key.toString("base64"),
      mediaKeyTimestamp: Math.floor(Date.now() / 1000),
      filehash: digest(bytes),
      encFilehash: digest(file),
      size: bytes.length,
      ...(stage !== undefined && { mediaFault: stage }),
    };
  }

  /** Loses an attachment, or changes one byte of it. */
  spoil(path: string, how: "gone" | "corrupt"): void {
    if (how === "gone") return void this.#files.delete(path);
    const other = Buffer.from(this.#whole.get(path)!);
    other[0]! ^= 1;
    this.#files.set(path, other);
  }

  /** Has an attachment as it was, whatever was done to it. */
  mend(path: string): void {
    this.#files.set(path, this.#whole.get(path)!);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}
