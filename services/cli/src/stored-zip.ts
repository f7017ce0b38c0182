import { createReadStream } from "node:fs";
import { crc32 } from "node:zlib";

/** A file to put into a ZIP, as long as it was when it was found. */
export interface ZipFile {
  /** With `/` between folders. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

const VERSION64 = 45;
const MADE_BY_UNIX = 3 << 8;
const REGULAR_FILE = (0o100644 << 16) >>> 0;
/** Sizes after the content, names in UTF-8. */
const FLAGS = 0x0808;
/** 1980-01-01: the same files are the same bytes whenever they are sent. */
const DATE = 0x0021;
const MAX32 = 0xffffffff;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const EXTRA_BYTES = 28;
const END_BYTES = 56 + 20 + 22;

/** Bytes of the ZIP that `storedZip` writes of these files. */
export function storedZipBytes(files: readonly ZipFile[]): number {
  return files.reduce((sum, { name, sizeBytes }) => {
    const nameBytes = Buffer.byteLength(name);
    return sum + LOCAL_BYTES + 20 + 24 + CENTRAL_BYTES + EXTRA_BYTES + 2 * nameBytes + sizeBytes;
  }, END_BYTES);
}

/**
 * A ZIP of files as they are, not packed, so that its length is known before they are read.
 *
 * @throws {Error} when a file has become shorter
 * @see APPNOTE.TXT 6.3.10
 */
export async function* storedZip(files: readonly ZipFile[]): AsyncGenerator<Buffer> {
  const central: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    yield localHeader(name);
    let crc = 0;
    let left = file.sizeBytes;
    if (left > 0) {
      const stream = createReadStream(file.path, { end: left - 1, highWaterMark: 256 * 1024 });
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        crc = crc32(chunk, crc);
        left -= chunk.length;
        yield chunk;
      }
    }
    if (left > 0) throw new Error("a file became shorter while it was sent");
    yield descriptor(crc, file.sizeBytes);
    central.push(centralHeader(name, { crc, size: file.sizeBytes, offset }));
    offset += LOCAL_BYTES + name.length + 20 + file.sizeBytes + 24;
  }
  yield* central;
  yield end(
    files.length,
    central.reduce((sum, { length }) => sum + length, 0),
    offset,
  );
}

function localHeader(name: Buffer): Buffer {
  const header = Buffer.alloc(LOCAL_BYTES + name.length + 20);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION64, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(MAX32, 18);
  header.writeUInt32LE(MAX32, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(20, 28);
  name.copy(header, LOCAL_BYTES);
  header.writeUInt16LE(1, LOCAL_BYTES + name.length);
  header.writeUInt16LE(16, LOCAL_BYTES + name.length + 2);
  return header;
}

function descriptor(crc: number, size: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(0x08074b50, 0);
  bytes.writeUInt32LE(crc, 4);
  bytes.writeBigUInt64LE(BigInt(size), 8);
  bytes.writeBigUInt64LE(BigInt(size), 16);
  return bytes;
}

function centralHeader(
  name: Buffer,
  { crc, size, offset }: { crc: number; size: number; offset: number },
): Buffer {
  const header = Buffer.alloc(CENTRAL_BYTES + name.length + EXTRA_BYTES);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(MADE_BY_UNIX | VERSION64, 4);
  header.writeUInt16LE(VERSION64, 6);
  header.writeUInt16LE(FLAGS, 8);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(MAX32, 20);
  header.writeUInt32LE(MAX32, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(EXTRA_BYTES, 30);
  header.writeUInt32LE(REGULAR_FILE, 38);
  header.writeUInt32LE(MAX32, 42);
  name.copy(header, CENTRAL_BYTES);
  const at = CENTRAL_BYTES + name.length;
  header.writeUInt16LE(1, at);
  header.writeUInt16LE(24, at + 2);
  header.writeBigUInt64LE(BigInt(size), at + 4);
  header.writeBigUInt64LE(BigInt(size), at + 12);
  header.writeBigUInt64LE(BigInt(offset), at + 20);
  return header;
}

function end(count: number, sizeBytes: number, offset: number): Buffer {
  const bytes = Buffer.alloc(END_BYTES);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(MADE_BY_UNIX | VERSION64, 12);
  bytes.writeUInt16LE(VERSION64, 14);
  bytes.writeBigUInt64LE(BigInt(count), 24);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 40);
  bytes.writeBigUInt64LE(BigInt(offset), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(offset + sizeBytes), 64);
  bytes.writeUInt32LE(1, 72);
  bytes.writeUInt32LE(0x06054b50, 76);
  bytes.writeUInt16LE(Math.min(count, 0xffff), 84);
  bytes.writeUInt16LE(Math.min(count, 0xffff), 86);
  bytes.writeUInt32LE(MAX32, 88);
  bytes.writeUInt32LE(MAX32, 92);
  return bytes;
}
