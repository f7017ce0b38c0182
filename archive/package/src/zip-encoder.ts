import { crc32, deflateRawSync } from "node:zlib";
import { Spool } from "./spool.ts";

const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const CENTRAL = 0x02014b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END = 0x06054b50;

const VERSION = 20;
const VERSION64 = 45;
const MADE_BY_UNIX = 3 << 8;
const REGULAR_FILE = (0o100644 << 16) >>> 0;
const STORED = 0;
const DEFLATED = 8;
const SIZES_FOLLOW = 1 << 3;
/** 1980-01-01, the earliest there is: the same package is the same bytes whenever it is written. */
const DATE = 0x0021;
const ZIP64_ID = 0x0001;
const MAX16 = 0xffff;
const MAX32 = 0xffffffff;
/** Most bytes of a stored block of deflate: RFC 1951 section 3.2.4. */
const BLOCK_BYTES = 0xffff;
const LAST_BLOCK = Buffer.from([1, 0, 0, 0xff, 0xff]);

interface Entry {
  /** ASCII. */
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * Writes a ZIP as bytes, entry by entry, for as many entries and bytes as ZIP64 allows. The caller sends on
 * everything that it returns, in order. (yazl takes time in the square of the number of entries.)
 *
 * @see APPNOTE.TXT 6.3.10
 */
export class ZipEncoder {
  #offset = 0;
  #count = 0;
  readonly #central = new Spool();

  /** An entry whose content is at hand: header, then content. */
  whole(name: string, content: Uint8Array, { deflate = false } = {}): [header: Buffer, content: Uint8Array] {
    const packed = deflate ? deflateRawSync(content) : content;
    const entry: Entry = {
      name,
      method: deflate ? DEFLATED : STORED,
      flags: 0,
      crc: crc32(content),
      packed: packed.length,
      size: content.length,
      offset: this.#offset,
    };
    const header = localHeader(entry);
    this.#offset += header.length + packed.length;
    this.#record(entry);
    return [header, packed];
  }

  /**
   * An entry of unknown size. Its content is framed as deflate without compression, so that a reader that
   * cannot seek finds its end too.
   */
  async *streamed(
    name: string,
    content: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const about = { name, method: DEFLATED, flags: SIZES_FOLLOW, offset: this.#offset };
    const header = localHeader({ ...about, crc: 0, packed: MAX32, size: MAX32 });
    yield header;
    let crc = 0;
    let packed = LAST_BLOCK.length;
    let size = 0;
    for await (const chunk of content) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      for (let at = 0; at < chunk.length; at += BLOCK_BYTES) {
        const block = chunk.subarray(at, at + BLOCK_BYTES);
        packed += 5 + block.length;
        yield blockHeader(block.length);
        yield block;
      }
    }
    yield LAST_BLOCK;
    const descriptor = Buffer.allocUnsafe(24);
    descriptor.writeUInt32LE(DESCRIPTOR, 0);
    descriptor.writeUInt32LE(crc, 4);
    descriptor.writeBigUInt64LE(BigInt(packed), 8);
    descriptor.writeBigUInt64LE(BigInt(size), 16);
    yield descriptor;
    this.#offset += header.length + packed + descriptor.length;
    this.#record({ ...about, crc, packed, size });
  }

  /** The central directory and its end. */
  async *end(): AsyncGenerator<Buffer, void, undefined> {
    yield* this.#central.bytes();
    const size = this.#central.sizeBytes;
    if (this.#count >= MAX16 || size >= MAX32 || this.#offset >= MAX32) {
      const end64 = Buffer.alloc(56 + 20);
      end64.writeUInt32LE(END64, 0);
      end64.writeBigUInt64LE(44n, 4);
      end64.writeUInt16LE(MADE_BY_UNIX | VERSION64, 12);
      end64.writeUInt16LE(VERSION64, 14);
      end64.writeBigUInt64LE(BigInt(this.#count), 24);
      end64.writeBigUInt64LE(BigInt(this.#count), 32);
      end64.writeBigUInt64LE(BigInt(size), 40);
      end64.writeBigUInt64LE(BigInt(this.#offset), 48);
      end64.writeUInt32LE(LOCATOR64, 56);
      end64.writeBigUInt64LE(BigInt(this.#offset + size), 64);
      end64.writeUInt32LE(1, 72);
      yield end64;
    }
    const end = Buffer.alloc(22);
    end.writeUInt32LE(END, 0);
    end.writeUInt16LE(Math.min(this.#count, MAX16), 8);
    end.writeUInt16LE(Math.min(this.#count, MAX16), 10);
    end.writeUInt32LE(Math.min(size, MAX32), 12);
    end.writeUInt32LE(Math.min(this.#offset, MAX32), 16);
    yield end;
  }

  #record(entry: Entry): void {
    this.#count += 1;
    this.#central.append(centralHeader(entry));
  }
}

function localHeader(entry: Entry): Buffer {
  const large = entry.size >= MAX32 || entry.packed >= MAX32;
  const header = zeros(30 + entry.name.length + (large ? 20 : 0));
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(large ? VERSION64 : VERSION, 4);
  header.writeUInt16LE(entry.flags, 6);
  header.writeUInt16LE(entry.method, 8);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(entry.crc, 14);
  header.writeUInt32LE(large ? MAX32 : entry.packed, 18);
  header.writeUInt32LE(large ? MAX32 : entry.size, 22);
  header.writeUInt16LE(entry.name.length, 26);
  header.writeUInt16LE(large ? 20 : 0, 28);
  header.write(entry.name, 30, "latin1");
  if (large) {
    const known = (entry.flags & SIZES_FOLLOW) === 0;
    const at = 30 + entry.name.length;
    header.writeUInt16LE(ZIP64_ID, at);
    header.writeUInt16LE(16, at + 2);
    header.writeBigUInt64LE(known ? BigInt(entry.size) : 0n, at + 4);
    header.writeBigUInt64LE(known ? BigInt(entry.packed) : 0n, at + 12);
  }
  return header;
}

function centralHeader(entry: Entry): Buffer {
  const large = [entry.size, entry.packed, entry.offset].filter((value) => value >= MAX32);
  const extra = large.length === 0 ? 0 : 4 + 8 * large.length;
  const header = zeros(46 + entry.name.length + extra);
  header.writeUInt32LE(CENTRAL, 0);
  header.writeUInt16LE(MADE_BY_UNIX | VERSION64, 4);
  header.writeUInt16LE(extra === 0 ? VERSION : VERSION64, 6);
  header.writeUInt16LE(entry.flags, 8);
  header.writeUInt16LE(entry.method, 10);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(entry.crc, 16);
  header.writeUInt32LE(Math.min(entry.packed, MAX32), 20);
  header.writeUInt32LE(Math.min(entry.size, MAX32), 24);
  header.writeUInt16LE(entry.name.length, 28);
  header.writeUInt16LE(extra, 30);
  header.writeUInt32LE(REGULAR_FILE, 38);
  header.writeUInt32LE(Math.min(entry.offset, MAX32), 42);
  header.write(entry.name, 46, "latin1");
  if (extra > 0) {
    let at = 46 + entry.name.length;
    header.writeUInt16LE(ZIP64_ID, at);
    header.writeUInt16LE(extra - 4, at + 2);
    at += 4;
    for (const value of large) at = header.writeBigUInt64LE(BigInt(value), at);
  }
  return header;
}

function blockHeader(length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ MAX16, 3);
  return header;
}

/** Zeros from the pool: `Buffer.alloc` costs more than all the rest of a small entry. */
function zeros(length: number): Buffer {
  return Buffer.allocUnsafe(length).fill(0);
}
