import { ArchiveError } from "./error.ts";
import { HASH_BYTES } from "./merkle.ts";

/** Hashes in a full tile. */
export const TILE_WIDTH = 256;

/**
 * Path of a tile below the log's prefix: `tile/<level>/<index>[.p/<width>]`, or of an entry bundle when
 * `level` is `"entries"`.
 *
 * @param width hashes in it, 1 to 256; a full tile has no suffix
 * @see c2sp.org/tlog-tiles
 */
export function tilePath(level: number | "entries", index: number, width: number = TILE_WIDTH): string {
  let rest = Math.floor(index / 1000);
  let path = String(index % 1000).padStart(3, "0");
  for (; rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  return `tile/${level}/${path}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Entries of a bundle: each after its length as big-endian uint16. */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const bundle = Buffer.allocUnsafe(entries.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = 0;
  for (const entry of entries) {
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/** @throws {ArchiveError} `malformed` */
export function decodeBundle(bytes: Uint8Array): Buffer[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Buffer[] = [];
  let at = 0;
  while (at < view.length) {
    const end = at + 2 <= view.length ? at + 2 + view.readUInt16BE(at) : Infinity;
    if (end > view.length) throw new ArchiveError("malformed", "an entry bundle is cut short");
    entries.push(view.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** @throws {ArchiveError} `malformed` unless it holds 1 to 256 whole hashes */
export function decodeTile(bytes: Uint8Array): Buffer[] {
  const width = bytes.length / HASH_BYTES;
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH)
    throw new ArchiveError("malformed", "not a tile");
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: width }, (_, i) => view.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/** The tiles that hold the right edge of a tree of `size` leaves: one partial tile a level, where there is one. */
export function partialTiles(size: number): { level: number; index: number; width: number }[] {
  const tiles = [];
  for (let level = 0, n = size; n > 0; level += 1, n = Math.floor(n / TILE_WIDTH)) {
    const width = n % TILE_WIDTH;
    if (width > 0) tiles.push({ level, index: Math.floor(n / TILE_WIDTH), width });
  }
  return tiles;
}
