import { ArchiveError } from "./error.ts";
import { EMPTY_ROOT, leafHash, nodeHash, treeHash } from "./merkle.ts";
import { encodeBundle, TILE_WIDTH, tilePath } from "./tiles.ts";

/** A file of the log, below its prefix. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a growing tree writes out: full tiles and bundles once and for ever, partial ones for its right edge. */
export interface TreeFiles {
  readonly full: readonly LogFile[];
  readonly partial: readonly LogFile[];
}

/** The right edge of an append-only tree: enough to go on, to compute the root and to write tiles. */
export class Tree {
  #size = 0;
  /** Per level, the hashes of its unfinished tile: fewer than 256. */
  readonly #edge: Buffer[][] = [];
  /** Entries of the unfinished bundle. */
  #entries: Uint8Array[] = [];

  get size(): number {
    return this.#size;
  }

  /**
   * Goes on from a stored right edge.
   *
   * @param edge per level the hashes of its partial tile, empty where there is none
   * @param entries of the partial bundle
   * @throws {ArchiveError} `corrupt` when they do not fit `size` or each other
   */
  static resume(size: number, edge: readonly (readonly Buffer[])[], entries: readonly Uint8Array[]): Tree {
    const tree = new Tree();
    tree.#size = size;
    for (let level = 0, n = size; n > 0; level += 1, n = Math.floor(n / TILE_WIDTH)) {
      const hashes = edge[level] ?? [];
      if (hashes.length !== n % TILE_WIDTH)
        throw new ArchiveError("corrupt", "a partial tile does not fit the tree's size");
      tree.#edge.push([...hashes]);
    }
    const leaves = tree.#edge[0] ?? [];
    if (
      entries.length !== leaves.length ||
      entries.some((e, i) => !leafHash(e).equals(leaves[i] as Buffer))
    ) {
      throw new ArchiveError("corrupt", "the partial entry bundle does not fit its tile");
    }
    tree.#entries = [...entries];
    return tree;
  }

  /** Adds entries and returns the files to publish for the new size. */
  append(entries: readonly Uint8Array[]): TreeFiles {
    const full: LogFile[] = [];
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#push(0, leafHash(entry), full);
      this.#size += 1;
      if (this.#entries.length === TILE_WIDTH) {
        full.push({
          path: tilePath("entries", this.#size / TILE_WIDTH - 1),
          bytes: encodeBundle(this.#entries),
        });
        this.#entries = [];
      }
    }
    return { full, partial: this.#partial() };
  }

  /** RFC 6962 tree hash. */
  root(): Buffer {
    let root: Buffer | undefined;
    for (const hashes of this.#edge) root = foldEdge(hashes, root);
    return root ?? EMPTY_ROOT;
  }

  /** The roots of the perfect subtrees of the right edge, largest first: with the size they give the root. */
  edge(): Buffer[] {
    const roots: Buffer[] = [];
    for (const hashes of this.#edge) for (const perfect of perfectSubtrees(hashes)) roots.unshift(perfect);
    return roots;
  }

  #push(level: number, hash: Buffer, full: LogFile[]): void {
    const hashes = (this.#edge[level] ??= []);
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1));
    full.push({ path: tilePath(level, index), bytes: Buffer.concat(hashes) });
    this.#edge[level] = [];
    this.#push(level + 1, treeHash(hashes), full);
  }

  #partial(): LogFile[] {
    const files: LogFile[] = [];
    for (const [level, hashes] of this.#edge.entries()) {
      if (hashes.length === 0) continue;
      const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1));
      files.push({ path: tilePath(level, index, hashes.length), bytes: Buffer.concat(hashes) });
    }
    if (this.#entries.length > 0) {
      const index = Math.floor(this.#size / TILE_WIDTH);
      files.push({
        path: tilePath("entries", index, this.#entries.length),
        bytes: encodeBundle(this.#entries),
      });
    }
    return files;
  }
}

/** Root of a tree from the perfect subtrees of its right edge, largest first. */
export function rootFromEdge(edge: readonly Uint8Array[]): Buffer {
  let root: Buffer | undefined;
  for (const hash of edge.toReversed()) root = root === undefined ? Buffer.from(hash) : nodeHash(hash, root);
  return root ?? EMPTY_ROOT;
}

function foldEdge(hashes: readonly Buffer[], right: Buffer | undefined): Buffer | undefined {
  let root = right;
  for (const perfect of perfectSubtrees(hashes))
    root = root === undefined ? perfect : nodeHash(perfect, root);
  return root;
}

/** Splits a tile's hashes into perfect subtrees and returns their roots, smallest (rightmost) first. */
function perfectSubtrees(hashes: readonly Buffer[]): Buffer[] {
  const roots: Buffer[] = [];
  let end = hashes.length;
  for (let width = 1; end > 0; width *= 2) {
    if ((hashes.length & width) === 0) continue;
    roots.push(treeHash(hashes.slice(end - width, end)));
    end -= width;
  }
  return roots;
}
