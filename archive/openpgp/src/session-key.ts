import { createSecretKey, type KeyObject } from "node:crypto";
import { inspect } from "node:util";
import { ArchiveError } from "@daybook/archive-core";
import { randomSlice } from "./random.ts";

const KEY_BYTES = 32;
/** OpenPGP's number for AES-256 (RFC 4880 section 9.2), which is what `gpg --override-session-key` wants in front. */
const FORMATTED = /^9:[0-9A-F]{64}$/;

/** The AES-256 key of one sealed packet or stream. Prints as `[session key]` everywhere. */
export class SessionKey {
  readonly #bytes: Buffer;
  #secret: KeyObject | undefined;

  /** @param bytes 32 bytes; kept, not copied */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES) throw new RangeError("a session key has 32 bytes");
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The key itself. Write it nowhere but into a key block. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** For ciphers: a raw key costs Node more than sealing a kilobyte does. */
  get secret(): KeyObject {
    return (this.#secret ??= createSecretKey(this.#bytes));
  }

  toJSON(): string {
    return "[session key]";
  }

  toString(): string {
    return "[session key]";
  }

  [inspect.custom](): string {
    return "[session key]";
  }
}

/** A fresh random key. */
export function newSessionKey(): SessionKey {
  return new SessionKey(randomSlice(KEY_BYTES));
}

/** `9:` and 64 upper-case hex digits, as key blocks and `gpg --override-session-key` have it. */
export function formatSessionKey(key: SessionKey): string {
  return `9:${key.bytes.toString("hex").toUpperCase()}`;
}

/** Reads what `formatSessionKey` writes and nothing else. @throws {ArchiveError} `malformed` */
export function parseSessionKey(text: string): SessionKey {
  if (!FORMATTED.test(text)) throw new ArchiveError("malformed", "not an AES-256 session key");
  return new SessionKey(Buffer.from(text.slice(2), "hex"));
}
