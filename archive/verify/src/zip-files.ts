import { closeSync, fstatSync, openSync } from "node:fs";
import { Readable } from "node:stream";
import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from "node:zlib";
import { FileWindow } from "./file-window.ts";
import type { PackageFiles } from "./package-files.ts";
import { BadFile, type Problems } from "./problems.ts";
import { readZipDirectory, SIZES_FOLLOW, STORED, type ZipEntry, zip64Values } from "./zip-directory.ts";

const LOCAL_BYTES = 30;
const MAX32 = 0xffffffff;
const CHUNK_BYTES = 1024 * 1024;
const DIFFERS = "the ZIP says two things about it";

/**
 * Opens a package's ZIP. Each entry's own header, checksum and sizes have to agree with the directory, and each
 * has to end where the next begins, so nothing hides between them.
 */
export function zipFiles(path: string, problems: Problems): PackageFiles {
  const fd = openSync(path, "r");
  const sizeBytes = fstatSync(fd).size;
  const file = new FileWindow(fd, sizeBytes);
  const entries = new Map<string, ZipEntry>();
  for (const entry of problems.guard("", () => readZipDirectory(file, sizeBytes, problems)) ?? []) {
    if (entries.has(entry.path)) problems.add(entry.path, "there are two files of this name");
    entries.set(entry.path, entry);
  }
  const sizes = new Map([...entries].map(([name, { size }]) => [name, size]));
  return { sizes, read, stream, close: () => closeSync(fd) };

  function find(name: string): { entry: ZipEntry; start: number } {
    const entry = entries.get(name);
    if (!entry) throw new BadFile("missing");
    return { entry, start: contentStart(file, entry) };
  }

  function read(name: string): Buffer {
    const { entry, start } = find(name);
    const packed = file.read(start, entry.packed);
    const content = entry.method === STORED ? packed : inflateWhole(packed, entry.size);
    if (content.length !== entry.size || crc32(content) !== entry.crc) throw new BadFile(DIFFERS);
    return content;
  }

  async function* stream(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { entry, start } = find(name);
    let crc = 0;
    let size = 0;
    const raw = pieces(file, start, entry.packed);
    for await (const chunk of entry.method === STORED ? raw : inflated(raw, entry.packed)) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      if (size > entry.size) throw new BadFile(DIFFERS);
      yield chunk;
    }
    if (size !== entry.size || crc !== entry.crc) throw new BadFile(DIFFERS);
  }
}

/** Checks an entry's local header and its end. @returns where its content starts */
function contentStart(file: FileWindow, entry: ZipEntry): number {
  const header = file.read(entry.offset, LOCAL_BYTES);
  const nameLength = header.readUInt16LE(26);
  const extraLength = header.readUInt16LE(28);
  const rest = file.read(entry.offset + LOCAL_BYTES, nameLength + extraLength);
  const start = entry.offset + LOCAL_BYTES + nameLength + extraLength;
  const end = start + entry.packed;
  const follows = (entry.flags & SIZES_FOLLOW) !== 0;
  const same =
    header.readUInt32LE(0) === 0x04034b50 &&
    header.readUInt16LE(6) === entry.flags &&
    header.readUInt16LE(8) === entry.method &&
    rest.toString("latin1", 0, nameLength) === entry.name &&
    (follows || sameSizes(header, zip64Values(rest.subarray(nameLength)), entry));
  if (!same) throw new BadFile(DIFFERS);
  const behind = entry.next - end;
  const ends = follows
    ? isDescriptor(file.read(end, Math.min(Math.max(behind, 0), 24)), behind, entry)
    : behind === 0;
  if (!ends) throw new BadFile("something stands between it and the next file of the ZIP");
  return start;
}

function sameSizes(header: Buffer, wide: number[], { crc, packed, size }: ZipEntry): boolean {
  const narrowPacked = header.readUInt32LE(18);
  const narrowSize = header.readUInt32LE(22);
  const localSize = narrowSize === MAX32 ? wide.shift() : narrowSize;
  const localPacked = narrowPacked === MAX32 ? wide.shift() : narrowPacked;
  return header.readUInt32LE(14) === crc && localPacked === packed && localSize === size;
}

/** APPNOTE section 4.3.9: with or without signature, with sizes of four or eight bytes. */
function isDescriptor(bytes: Buffer, behind: number, { crc, packed, size }: ZipEntry): boolean {
  if (behind !== bytes.length) return false;
  const signed = behind === 16 || behind === 24 ? 4 : 0;
  if (signed > 0 && bytes.readUInt32LE(0) !== 0x08074b50) return false;
  if (behind === 12 || behind === 16)
    return (
      bytes.readUInt32LE(signed) === crc &&
      bytes.readUInt32LE(signed + 4) === packed &&
      bytes.readUInt32LE(signed + 8) === size
    );
  if (behind !== 20 && behind !== 24) return false;
  return (
    bytes.readUInt32LE(signed) === crc &&
    bytes.readBigUInt64LE(signed + 4) === BigInt(packed) &&
    bytes.readBigUInt64LE(signed + 12) === BigInt(size)
  );
}

function* pieces(file: FileWindow, start: number, length: number): Generator<Buffer, void, undefined> {
  for (let at = 0; at < length; at += CHUNK_BYTES)
    yield file.read(start + at, Math.min(CHUNK_BYTES, length - at));
}

function inflateWhole(packed: Buffer, size: number): Buffer {
  try {
    const { buffer, engine } = inflateRawSync(packed, {
      maxOutputLength: Math.max(size, 1),
      info: true,
    }) as unknown as {
      buffer: Buffer;
      engine: InflateRaw;
    };
    if (engine.bytesWritten !== packed.length) throw new BadFile(DIFFERS);
    return buffer;
  } catch (error) {
    if (error instanceof BadFile) throw error;
    throw new BadFile("damaged: it cannot be unpacked");
  }
}

async function* inflated(raw: Iterable<Buffer>, packed: number): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createInflateRaw();
  const source = Readable.from(raw);
  source.on("error", (error) => inflate.destroy(error));
  source.pipe(inflate);
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    if (error instanceof BadFile) throw error;
    throw new BadFile("damaged: it cannot be unpacked");
  } finally {
    source.destroy();
    inflate.destroy();
  }
  if (inflate.bytesWritten !== packed) throw new BadFile(DIFFERS);
}
