import { ArchiveError } from "./error.ts";
import { isPowerOfTwo, nodeHash, split } from "./merkle.ts";
import { decodeTile, TILE_WIDTH, tilePath } from "./tiles.ts";

const MAX_CACHED_TILES = 2_048;

/** Reads one tile of a log, by the path that `tilePath` gives. */
export type TileReader = (path: string) => Promise<Uint8Array>;

/** Makes proofs against one tree size from published tiles, reading each tile once. */
export class Prover {
  readonly #size: number;
  readonly #read: TileReader;
  /** Every node inside a tile, level by level: [0] the tile's own hashes, then each level above. */
  readonly #tiles = new Map<string, Promise<Buffer[][]>>();
  readonly #nodes = new Map<string, Buffer>();

  /** @param size leaves of the tree that the proofs are against; its partial tiles must be readable */
  constructor(size: number, read: TileReader) {
    this.#size = size;
    this.#read = read;
  }

  /**
   * Sibling hashes from the leaf upwards. RFC 9162 section 2.1.3.1.
   *
   * @param above the leaf's perfect subtree of so many leaves (a power of two) is left out: its leaves share the rest
   */
  async inclusion(index: number, above = 1): Promise<Buffer[]> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.#size)
      throw new RangeError("no such leaf");
    const proof: Buffer[] = [];
    let lo = 0;
    let hi = this.#size;
    while (hi - lo > above) {
      const k = lo + split(hi - lo);
      if (index < k) {
        proof.unshift(await this.#hash(k, hi));
        hi = k;
      } else {
        proof.unshift(await this.#hash(lo, k));
        lo = k;
      }
    }
    return proof;
  }

  /** That this tree only added to the one of `oldSize` leaves. RFC 9162 section 2.1.4.1. */
  async consistency(oldSize: number): Promise<Buffer[]> {
    if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > this.#size)
      throw new RangeError("no such tree");
    if (oldSize === 0 || oldSize === this.#size) return [];
    const proof: Buffer[] = [];
    let lo = 0;
    let hi = this.#size;
    let whole = true;
    while (oldSize !== hi) {
      const k = lo + split(hi - lo);
      if (oldSize <= k) {
        proof.unshift(await this.#hash(k, hi));
        hi = k;
      } else {
        proof.unshift(await this.#hash(lo, k));
        lo = k;
        whole = false;
      }
    }
    return whole ? proof : [await this.#hash(lo, hi), ...proof];
  }

  /** Tree hash of this size. */
  root(): Promise<Buffer> {
    return this.#hash(0, this.#size);
  }

  /** Tree hash of leaves [lo, hi), where lo is a multiple of the largest power of two that is at least hi - lo. */
  async #hash(lo: number, hi: number): Promise<Buffer> {
    const width = hi - lo;
    if (isPowerOfTwo(width)) {
      const bits = Math.round(Math.log2(width));
      const level = Math.min(Math.floor(bits / 8), 7);
      return this.#perfect(level, lo / TILE_WIDTH ** level, bits - 8 * level);
    }
    const key = `${lo}-${hi}`;
    const known = this.#nodes.get(key);
    if (known) return known;
    const k = lo + split(width);
    const node = nodeHash(await this.#hash(lo, k), await this.#hash(k, hi));
    this.#nodes.set(key, node);
    return node;
  }

  /** Root of the perfect subtree over `2^bits` hashes of `level`, starting at hash number `first`. */
  async #perfect(level: number, first: number, bits: number): Promise<Buffer> {
    const nodes = await this.#tile(level, Math.floor(first / TILE_WIDTH));
    const node = nodes[bits]?.[(first % TILE_WIDTH) / 2 ** bits];
    if (!node) throw new ArchiveError("corrupt", "a tile is narrower than its tree");
    return node;
  }

  #tile(level: number, index: number): Promise<Buffer[][]> {
    const available = Math.floor(this.#size / TILE_WIDTH ** level) - index * TILE_WIDTH;
    const path = tilePath(level, index, Math.min(available, TILE_WIDTH));
    const cached = this.#tiles.get(path);
    if (cached) return cached;
    if (this.#tiles.size >= MAX_CACHED_TILES) this.#tiles.delete(this.#tiles.keys().next().value as string);
    const loading = this.#read(path).then((bytes) => levels(decodeTile(bytes)));
    this.#tiles.set(path, loading);
    // A store that did not answer may answer the next time.
    loading.catch(() => this.#tiles.delete(path));
    return loading;
  }
}

function levels(hashes: Buffer[]): Buffer[][] {
  const out = [hashes];
  for (let below = hashes; below.length > 1;) {
    const above: Buffer[] = [];
    for (let i = 0; i + 1 < below.length; i += 2)
      above.push(nodeHash(below[i] as Buffer, below[i + 1] as Buffer));
    out.push(above);
    below = above;
  }
  return out;
}
