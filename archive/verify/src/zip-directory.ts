import type { FileWindow } from "./file-window.ts";
import { BadFile, type Problems } from "./problems.ts";

/** A file in a ZIP, as the central directory has it. */
export interface ZipEntry {
  readonly path: string;
  /** Name in the ZIP, with the package's folder. */
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
  /** Where the next entry, or the central directory, begins. */
  next: number;
}

export const STORED = 0;
export const DEFLATED = 8;
export const SIZES_FOLLOW = 1 << 3;
const UTF8_NAME = 1 << 11;
/** Level of compression: says nothing about the content. */
const LEVEL_BITS = 0b110;

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const MAX16 = 0xffff;
const MAX32 = 0xffffffff;
const MAX_DIRECTORY_BYTES = 1536 * 1024 * 1024;
const NAME = /^([A-Za-z0-9_][A-Za-z0-9._-]{0,200})\/([\x20-\x7e]*)$/;

/**
 * Reads a ZIP's central directory, strictly: one directory, at the end, with nothing behind or beside it, one
 * folder, plain files. What two readers might read in two ways is refused.
 *
 * @returns entries in the order of their content
 * @throws {BadFile} when it is no such ZIP
 */
export function readZipDirectory(file: FileWindow, sizeBytes: number, problems: Problems): ZipEntry[] {
  const { count, size, offset } = findDirectory(file, sizeBytes);
  if (size > MAX_DIRECTORY_BYTES) throw new BadFile("the ZIP's directory is too large");
  const bytes = file.read(offset, size);
  const entries: ZipEntry[] = [];
  let folder: string | undefined;
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    if (at + CENTRAL_BYTES > size || bytes.readUInt32LE(at) !== 0x02014b50)
      throw new BadFile("the ZIP's directory is damaged");
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const end = at + CENTRAL_BYTES + nameLength + extraLength + bytes.readUInt16LE(at + 32);
    if (end > size) throw new BadFile("the ZIP's directory is damaged");
    const name = bytes.toString("latin1", at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength);
    const extraAt = at + CENTRAL_BYTES + nameLength;
    const entry = centralEntry(bytes.subarray(at, end), name, bytes.subarray(extraAt, extraAt + extraLength));
    const refusal = refuse(entry, bytes.readUInt32LE(at + 38), bytes.readUInt8(at + 5));
    folder ??= NAME.exec(name)?.[1];
    if (refusal !== undefined) problems.add(name, refusal);
    else if (folder === undefined || !name.startsWith(`${folder}/`))
      problems.add(name, "the ZIP holds more than the package's one folder");
    else if (!name.endsWith("/")) entries.push({ ...entry, path: name.slice(folder.length + 1) });
    else if (entry.size > 0 || entry.packed > 0) problems.add(name, "a folder with content");
    else entries.push(entry);
    at = end;
  }
  if (at !== size) throw new BadFile("the ZIP's directory is damaged");
  return inOrder(entries, offset, problems);
}

function findDirectory(file: FileWindow, sizeBytes: number): { count: number; size: number; offset: number } {
  if (sizeBytes < END_BYTES) throw new BadFile("not a ZIP");
  const end = file.read(sizeBytes - END_BYTES, END_BYTES);
  if (end.readUInt32LE(0) !== 0x06054b50 || end.readUInt16LE(20) !== 0)
    throw new BadFile("not a ZIP, or something follows it");
  let count = end.readUInt16LE(10);
  let size = end.readUInt32LE(12);
  let offset = end.readUInt32LE(16);
  let endsAt = sizeBytes - END_BYTES;
  const locator = endsAt >= LOCATOR_BYTES ? file.read(endsAt - LOCATOR_BYTES, LOCATOR_BYTES) : undefined;
  const disks = end.readUInt32LE(4) !== 0 || end.readUInt16LE(8) !== count;
  if (locator?.readUInt32LE(0) === 0x07064b50) {
    endsAt -= LOCATOR_BYTES + END64_BYTES;
    const end64 = file.read(endsAt, END64_BYTES);
    const fits = locator.readBigUInt64LE(8) === BigInt(endsAt) && end64.readUInt32LE(0) === 0x06064b50;
    if (!fits || end64.readBigUInt64LE(4) !== BigInt(END64_BYTES - 12))
      throw new BadFile("the ZIP's end is damaged");
    const wide = [
      [count, MAX16, safe(end64.readBigUInt64LE(32))],
      [size, MAX32, safe(end64.readBigUInt64LE(40))],
      [offset, MAX32, safe(end64.readBigUInt64LE(48))],
    ] as const;
    if (wide.some(([narrow, max, value]) => narrow !== max && narrow !== value))
      throw new BadFile("the ZIP's two ends disagree");
    [count, size, offset] = [wide[0][2], wide[1][2], wide[2][2]];
  }
  if (disks || offset + size !== endsAt) throw new BadFile("the ZIP's end is damaged");
  return { count, size, offset };
}

function centralEntry(header: Buffer, name: string, extra: Buffer): ZipEntry {
  let packed = header.readUInt32LE(20);
  let size = header.readUInt32LE(24);
  let offset = header.readUInt32LE(42);
  const wide = zip64Values(extra);
  if (size === MAX32) size = wide.shift() ?? size;
  if (packed === MAX32) packed = wide.shift() ?? packed;
  if (offset === MAX32) offset = wide.shift() ?? offset;
  const flags = header.readUInt16LE(8);
  const method = header.readUInt16LE(10);
  return { path: "", name, flags, method, crc: header.readUInt32LE(16), packed, size, offset, next: 0 };
}

function refuse(
  { name, flags, method, packed, size }: ZipEntry,
  attributes: number,
  system: number,
): string | undefined {
  const type = (attributes >>> 16) & 0o170000;
  const isFolder = name.endsWith("/");
  if (!NAME.test(name)) return "a name that has no place in a package";
  if (system === 3 && type !== 0 && type !== (isFolder ? 0o040000 : 0o100000))
    return "neither a file nor a folder";
  if ((flags & ~(SIZES_FOLLOW | UTF8_NAME | LEVEL_BITS)) !== 0)
    return "encrypted, or packed in an unknown way";
  if (method !== STORED && method !== DEFLATED) return "packed in an unknown way";
  if (method === STORED && packed !== size) return "two sizes that do not fit";
  return undefined;
}

/** Values of the ZIP64 field: APPNOTE section 4.5.3. */
export function zip64Values(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    const field = extra.subarray(at + 4, at + 4 + length);
    if (field.length !== length) throw new BadFile("the ZIP's directory is damaged");
    if (extra.readUInt16LE(at) === 1)
      return Array.from({ length: Math.floor(length / 8) }, (_, i) => safe(field.readBigUInt64LE(8 * i)));
    at += 4 + length;
  }
  return [];
}

/** Files by offset, each knowing where the next begins; folders only take up their room. */
function inOrder(entries: ZipEntry[], directory: number, problems: Problems): ZipEntry[] {
  entries.sort((a, b) => a.offset - b.offset);
  for (const [i, entry] of entries.entries()) entry.next = entries[i + 1]?.offset ?? directory;
  if (entries.length > 0 && entries[0]?.offset !== 0) problems.add("", "something stands before the ZIP");
  return entries.filter(({ path }) => path !== "");
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadFile("the ZIP's directory is damaged");
  return Number(value);
}
