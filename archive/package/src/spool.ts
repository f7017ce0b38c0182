import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress } from "node:zlib";

const CHUNK_BYTES = 256 * 1024;
/** What little things need at first. */
const FIRST_BYTES = 1024;
/** Level 1: what a million records leave here stays in memory, at a fifth of the time that deflate takes. */
const PACKING = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: CHUNK_BYTES };
/** Chunks on their way through other threads. When these do not keep up, this one compresses too. */
const MAX_UNDERWAY = 8;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * Bytes whose turn comes at the end: kept in memory, because a temporary file would hold names in clear, and
 * compressed, on other threads.
 */
export class Spool {
  readonly #packed: (Buffer | Promise<Buffer>)[] = [];
  #underway = 0;
  #open = Buffer.allocUnsafe(FIRST_BYTES);
  #filled = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(piece: string | Uint8Array): void {
    const length = typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
    this.#sizeBytes += length;
    if (length > this.#open.length - this.#filled) this.#makeRoom(length);
    if (length > this.#open.length) {
      this.#keep(Buffer.from(piece as string));
    } else if (typeof piece === "string") {
      this.#filled += this.#open.write(piece, this.#filled);
    } else {
      this.#open.set(piece, this.#filled);
      this.#filled += length;
    }
  }

  /** Everything appended, in order. May be read more than once. */
  async *bytes(): AsyncGenerator<Buffer, void, undefined> {
    for (const packed of this.#packed) yield await decompress(await packed, { chunkSize: CHUNK_BYTES });
    if (this.#filled > 0) yield Buffer.from(this.#open.subarray(0, this.#filled));
  }

  #makeRoom(length: number): void {
    const next = Buffer.allocUnsafe(CHUNK_BYTES);
    const isFirst = this.#open.length < CHUNK_BYTES;
    if (isFirst && this.#filled + length <= CHUNK_BYTES) {
      this.#open.copy(next, 0, 0, this.#filled);
    } else {
      if (this.#filled > 0) this.#keep(this.#open.subarray(0, this.#filled));
      this.#filled = 0;
    }
    this.#open = next;
  }

  #keep(chunk: Buffer): void {
    if (this.#underway >= MAX_UNDERWAY) {
      this.#packed.push(zstdCompressSync(chunk, PACKING));
      return;
    }
    this.#underway += 1;
    const packing = compress(chunk, PACKING).finally(() => {
      this.#underway -= 1;
    });
    // Whoever reads the spool learns of it; nobody may.
    packing.catch(() => undefined);
    this.#packed.push(packing);
  }
}
