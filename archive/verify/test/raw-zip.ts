import { crc32, deflateRawSync } from "node:zlib";

/** An entry as a test wants it; what is left out is right. */
export interface RawEntry {
  readonly name: string;
  readonly content?: Buffer;
  readonly deflate?: boolean;
  readonly method?: number;
  readonly flags?: number;
  readonly attributes?: number;
  /** What the local header says instead. */
  readonly local?: {
    name?: string;
    crc?: number;
    size?: number;
    packed?: number;
    flags?: number;
    method?: number;
  };
  /** What the directory says instead. */
  readonly central?: { crc?: number; size?: number; packed?: number; offset?: number };
  /** Bytes behind its content. */
  readonly behind?: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Writes a ZIP byte by byte, lies included. */
export function rawZip(
  entries: readonly RawEntry[],
  { prefix = NOTHING, suffix = NOTHING, comment = NOTHING, count = entries.length } = {},
): Buffer {
  const parts: Buffer[] = [prefix];
  const directory: Buffer[] = [];
  let offset = prefix.length;
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0);
    const packed = entry.deflate ? deflateRawSync(content) : content;
    const method = entry.method ?? (entry.deflate ? 8 : 0);
    const said = {
      crc: crc32(content),
      size: content.length,
      packed: packed.length,
      flags: entry.flags ?? 0,
      method,
    };
    const local = { ...said, name: entry.name, ...entry.local };
    const central = { ...said, offset, ...entry.central };
    const localName = Buffer.from(local.name);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(local.flags, 6);
    header.writeUInt16LE(local.method, 8);
    header.writeUInt32LE(local.crc, 14);
    header.writeUInt32LE(local.packed, 18);
    header.writeUInt32LE(local.size, 22);
    header.writeUInt16LE(localName.length, 26);
    const piece = [header, localName, packed, entry.behind ?? Buffer.alloc(0)];
    parts.push(...piece);
    const name = Buffer.from(entry.name);
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE((3 << 8) | 20, 4);
    record.writeUInt16LE(central.flags, 8);
    record.writeUInt16LE(central.method, 10);
    record.writeUInt32LE(central.crc, 16);
    record.writeUInt32LE(central.packed, 20);
    record.writeUInt32LE(central.size, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt32LE(entry.attributes ?? (0o100644 << 16) >>> 0, 38);
    record.writeUInt32LE(central.offset, 42);
    directory.push(record, name);
    offset += piece.reduce((sum, { length }) => sum + length, 0);
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count & 0xffff, 8);
  end.writeUInt16LE(count & 0xffff, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...directory, end, comment, suffix]);
}
