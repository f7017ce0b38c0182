/** What a binary property list holds. Whole numbers beyond 2^53 are rounded; a UID is its number. */
export type Plist =
  null | boolean | number | string | Date | Buffer | readonly Plist[] | ReadonlyMap<string, Plist>;

const TRAILER_BYTES = 32;
const MAX_DEPTH = 64;
const MAX_NODES = 200_000;
/** Of all its texts together, each as often as it is named. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);

/** Bytes that are no binary property list, or one that is larger, deeper or more tangled than is read. */
export class PlistError extends Error {
  override readonly name = "PlistError";
}

/**
 * Reads a binary property list. Bounded: a list that names itself, or one object a million times, is refused. Prints
 * nothing.
 *
 * @throws {PlistError}
 * @see CFBinaryPList.c of Apple's CoreFoundation
 */
export function readBinaryPlist(bytes: Buffer): Plist {
  if (bytes.length < TRAILER_BYTES + 8 || bytes.toString("latin1", 0, 8) !== "bplist00")
    throw refuse("no binary plist");
  return new Reader(bytes).root();
}

class Reader {
  readonly #bytes: Buffer;
  readonly #offsetBytes: number;
  readonly #refBytes: number;
  readonly #count: number;
  readonly #top: number;
  readonly #table: number;
  #nodes = 0;
  #textBytes = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const trailer = bytes.length - TRAILER_BYTES;
    this.#offsetBytes = bytes.readUInt8(trailer + 6);
    this.#refBytes = bytes.readUInt8(trailer + 7);
    this.#count = this.#natural(trailer + 8, 8);
    this.#top = this.#natural(trailer + 16, 8);
    this.#table = this.#natural(trailer + 24, 8);
    if (
      this.#table + this.#count * this.#offsetBytes > trailer ||
      this.#offsetBytes === 0 ||
      this.#refBytes === 0
    )
      throw refuse("its table lies outside of it");
  }

  root(): Plist {
    return this.#object(this.#top, 0);
  }

  #object(ref: number, depth: number): Plist {
    this.#nodes += 1;
    if (depth > MAX_DEPTH) throw refuse("too deep");
    if (this.#nodes > MAX_NODES) throw refuse("too large");
    if (ref >= this.#count) throw refuse("it names an object that it does not have");
    const at = this.#natural(this.#table + ref * this.#offsetBytes, this.#offsetBytes);
    const marker = this.#natural(at, 1);
    const low = marker & 0x0f;
    switch (marker >> 4) {
      case 0x0:
        return low === 8 ? false : low === 9 ? true : null;
      case 0x1:
        return this.#integer(at + 1, 1 << low);
      case 0x2:
        return this.#real(at + 1, 1 << low);
      case 0x3:
        return new Date(APPLE_EPOCH_MS + this.#real(at + 1, 8) * 1_000);
      case 0x8:
        return this.#natural(at + 1, low + 1);
    }
    const { length, start } = this.#length(at, low);
    switch (marker >> 4) {
      case 0x4:
        return this.#slice(start, length);
      case 0x5:
        return this.#text(start, length).toString("latin1");
      case 0x6:
        return Buffer.from(this.#text(start, length * 2))
          .swap16()
          .toString("utf16le");
      case 0xa:
      case 0xc:
        return this.#refs(start, length).map((each) => this.#object(each, depth + 1));
      case 0xd:
        return this.#dictionary(start, length, depth);
      default:
        throw refuse("an object of an unknown kind");
    }
  }

  #dictionary(start: number, length: number, depth: number): ReadonlyMap<string, Plist> {
    const refs = this.#refs(start, length * 2);
    const entries = new Map<string, Plist>();
    for (let i = 0; i < length; i += 1) {
      const key = this.#object(refs[i] ?? 0, depth + 1);
      if (typeof key !== "string") throw refuse("a key that is no text");
      entries.set(key, this.#object(refs[length + i] ?? 0, depth + 1));
    }
    return entries;
  }

  #refs(start: number, count: number): number[] {
    if (count > MAX_NODES) throw refuse("too large");
    return Array.from({ length: count }, (_, i) => this.#natural(start + i * this.#refBytes, this.#refBytes));
  }

  #length(at: number, low: number): { length: number; start: number } {
    if (low !== 0x0f) return { length: low, start: at + 1 };
    const marker = this.#natural(at + 1, 1);
    if (marker >> 4 !== 1) throw refuse("a length that is no number");
    const bytes = 1 << (marker & 0x0f);
    return { length: this.#natural(at + 2, bytes), start: at + 2 + bytes };
  }

  #integer(at: number, bytes: number): number {
    const slice = this.#slice(at, bytes);
    // Shorter ones have no sign; of a 16-byte one only the low half is ever used.
    if (bytes === 8) return Number(slice.readBigInt64BE());
    return bytes === 16 ? Number(slice.readBigInt64BE(8)) : this.#natural(at, bytes);
  }

  #real(at: number, bytes: number): number {
    const slice = this.#slice(at, bytes);
    if (bytes === 4) return slice.readFloatBE();
    if (bytes === 8) return slice.readDoubleBE();
    throw refuse("a number of an unknown size");
  }

  #text(at: number, length: number): Buffer {
    this.#textBytes += length;
    if (this.#textBytes > MAX_TEXT_BYTES) throw refuse("too large");
    return this.#slice(at, length);
  }

  #natural(at: number, bytes: number): number {
    let value = 0;
    for (const byte of this.#slice(at, bytes)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) throw refuse("a number that is too large");
    return value;
  }

  #slice(at: number, length: number): Buffer {
    if (at + length > this.#bytes.length) throw refuse("it is cut off");
    return this.#bytes.subarray(at, at + length);
  }
}

function refuse(why: string): PlistError {
  return new PlistError(`the property list cannot be read: ${why}`);
}
