import { malformed } from "./malformed.ts";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The last bit says in which byte order the checksums are counted. */
const MAGIC = 0x377f0682;

/** A database with what its write-ahead log holds moved into it, as SQLite would do at the next start. */
export function withLog(database: Buffer, log: Buffer): Buffer {
  const pages = committedPages(log);
  if (!pages) return database;
  const { pageBytes, count, frames } = pages;
  const whole = Buffer.alloc(count * pageBytes);
  database.copy(whole, 0, 0, whole.length);
  for (const [page, at] of frames) {
    if (page <= count) log.copy(whole, (page - 1) * pageBytes, at, at + pageBytes);
  }
  return whole;
}

/**
 * Where the newest committed copy of each page lies. What follows a wrong checksum, or another salt, was never
 * committed, or is left over from an earlier use of the file.
 *
 * @returns undefined for a log that holds no committed transaction
 * @throws {ConnectorError} `malformed`: more pages than the log and a database can hold
 * @see https://sqlite.org/fileformat2.html#the_write_ahead_log
 */
function committedPages(
  log: Buffer,
): { pageBytes: number; count: number; frames: ReadonlyMap<number, number> } | undefined {
  if (log.length < HEADER_BYTES) return undefined;
  const magic = log.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return undefined;
  const isBigEndian = (magic & 1) === 1;
  const pageBytes = log.readUInt32BE(8);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
  let sum = checksum(log, 0, 24, isBigEndian, [0, 0]);
  if (!isSum(log, 24, sum)) return undefined;

  const committed = new Map<number, number>();
  let open = new Map<number, number>();
  let count = 0;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break;
    sum = checksum(log, at, at + 8, isBigEndian, sum);
    sum = checksum(log, at + FRAME_HEADER_BYTES, at + frameBytes, isBigEndian, sum);
    if (!isSum(log, at + 16, sum)) break;
    open.set(log.readUInt32BE(at), at + FRAME_HEADER_BYTES);
    const pagesAfter = log.readUInt32BE(at + 4);
    if (pagesAfter === 0) continue;
    for (const [page, where] of open) committed.set(page, where);
    open = new Map();
    count = pagesAfter;
  }
  if (count === 0) return undefined;
  if (count * pageBytes > MAX_IMAGE_BYTES)
    throw malformed("its log speaks of a larger database than is read");
  return { pageBytes, count, frames: committed };
}

/** A database is held in memory while it is read. */
export const MAX_IMAGE_BYTES = 2 * 1024 ** 3;

function checksum(
  bytes: Buffer,
  from: number,
  to: number,
  isBigEndian: boolean,
  [a, b]: readonly [number, number],
): [number, number] {
  let [s0, s1] = [a, b];
  for (let at = from; at < to; at += 8) {
    const x = isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    const y = isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
    s0 = (s0 + x + s1) >>> 0;
    s1 = (s1 + y + s0) >>> 0;
  }
  return [s0, s1];
}

function isSum(bytes: Buffer, at: number, [s0, s1]: readonly [number, number]): boolean {
  return bytes.readUInt32BE(at) === s0 && bytes.readUInt32BE(at + 4) === s1;
}
