import { ArchiveError } from "./error.ts";
import type { Head } from "./head.ts";
import type { MutableStore, Stores } from "./ports.ts";
import { decodeSegment } from "./segment.ts";
import { decodeBundle, decodeTile, partialTiles, tilePath } from "./tiles.ts";
import { Tree, type TreeFiles } from "./tree.ts";

/** Paths of the partial tiles of a tree, and of its partial bundle. */
export function partialPaths(size: number): string[] {
  return partialTiles(size).flatMap(({ level, index, width }) => [
    tilePath(level, index, width),
    ...(level === 0 ? [tilePath("entries", index, width)] : []),
  ]);
}

/**
 * The tree at the head, from its own partial tiles or, where a crash kept those back, from the size before.
 *
 * @returns with it, the files that the crash may have kept back
 * @throws {ArchiveError} `corrupt` when neither can be had
 */
export async function resumeTree(
  stores: Stores,
  head: Head,
  size: number,
): Promise<{ tree: Tree; files: TreeFiles }> {
  const now = await edgeTiles(stores.heads, head.shard, size);
  if (now) return { tree: now, files: { full: [], partial: [] } };
  const before = await edgeTiles(stores.heads, head.shard, head.previousSize);
  if (!before)
    throw new ArchiveError("corrupt", `shard ${head.shard}: the partial tiles of its right edge are gone`);
  const segment = decodeSegment(await stores.records.get(head.segment));
  return { tree: before, files: before.append(segment.entries) };
}

async function edgeTiles(heads: MutableStore, shard: string, size: number): Promise<Tree | undefined> {
  const edge: Buffer[][] = [];
  let entries: Buffer[] = [];
  for (const { level, index, width } of partialTiles(size)) {
    const tile = await heads.read(`log/${shard}/${tilePath(level, index, width)}`);
    if (!tile) return undefined;
    while (edge.length < level) edge.push([]);
    edge[level] = decodeTile(tile.body);
    if (level > 0) continue;
    const bundle = await heads.read(`log/${shard}/${tilePath("entries", index, width)}`);
    if (!bundle) return undefined;
    entries = decodeBundle(bundle.body);
  }
  return Tree.resume(size, edge, entries);
}
