import { SmppError } from "./error.ts";

/** Reads the fields of a body in order. Each read throws {SmppError} `unreadable` where the body has no such field. */
export class OctetReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.take(1).readUInt8(0);
  }

  uint16(): number {
    return this.take(2).readUInt16BE(0);
  }

  /** A C-octet string, without its NUL: each character is one byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new SmppError("unreadable", "a string has no end");
    const text = this.#bytes.toString("latin1", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  take(sizeBytes: number): Buffer {
    if (this.remaining < sizeBytes) throw new SmppError("unreadable", "a field reaches beyond the PDU");
    const taken = this.#bytes.subarray(this.#at, this.#at + sizeBytes);
    this.#at += sizeBytes;
    return taken;
  }
}

export function uint8(value: number): Buffer {
  return Buffer.from([value]);
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A C-octet string with its NUL. @throws {SmppError} `unreadable` for a NUL within, or what is no byte */
export function text(value: string): Buffer {
  if (!/^[\u0001-\u00ff]*$/.test(value)) throw new SmppError("unreadable", "no C-octet string");
  return Buffer.from(`${value}\0`, "latin1");
}
