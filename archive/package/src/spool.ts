import { deflateRawSync, inflateRawSync } from "node:zlib";

const CHUNK_BYTES = 256 * 1024;
/** So small that what a million records leave here stays in memory; so fast that it does not show. */
const LEVEL = 1;

/**
 * Bytes whose turn comes at the end: kept in memory, deflated, because a temporary file would hold names in
 * clear.
 */
export class Spool {
  readonly #packed: Buffer[] = [];
  #open = Buffer.allocUnsafe(CHUNK_BYTES);
  #filled = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(piece: string | Uint8Array): void {
    const length = typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
    if (length > this.#open.length - this.#filled) this.#pack();
    if (length > this.#open.length) {
      this.#packed.push(deflateRawSync(piece, { level: LEVEL }));
    } else if (typeof piece === "string") {
      this.#filled += this.#open.write(piece, this.#filled);
    } else {
      this.#open.set(piece, this.#filled);
      this.#filled += length;
    }
    this.#sizeBytes += length;
  }

  /** Everything appended, in order. May be read more than once. */
  *bytes(): Generator<Buffer, void, undefined> {
    for (const packed of this.#packed) yield inflateRawSync(packed);
    if (this.#filled > 0) yield Buffer.from(this.#open.subarray(0, this.#filled));
  }

  /** As `bytes`, for a sink. */
  async *stream(): AsyncGenerator<Buffer, void, undefined> {
    for (const chunk of this.bytes()) yield await Promise.resolve(chunk);
  }

  #pack(): void {
    if (this.#filled === 0) return;
    this.#packed.push(deflateRawSync(this.#open.subarray(0, this.#filled), { level: LEVEL }));
    this.#filled = 0;
  }
}
