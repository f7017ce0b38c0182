import { decodeLeaf, type MutableStore, parseSegmentName } from "@daybook/archive-core";
import type { ArchiveReader } from "./archive-reader.ts";

/** Blocks looked at together: their leaves are read bundle by bundle. */
const CHUNK = 2_000;

/**
 * Destroys key blocks that can never commit: those that begin below the head and that no leaf names. A writer
 * that died between key block and head leaves one, and in it a second key of events that were archived after.
 * Blocks at the head are left: theirs may be the commit that is under way. Repeatable.
 *
 * @param keyrings the keyring, and its second copy where there is one
 * @returns how many were destroyed
 */
export async function sweepKeyBlocks(
  archive: ArchiveReader,
  keyrings: readonly MutableStore[],
): Promise<number> {
  let swept = 0;
  for (const keyring of keyrings) {
    for (const shard of archive.shards) {
      const size = (await archive.state(shard))?.size ?? 0;
      let chunk: Block[] = [];
      for await (const key of keyring.list(`keyring/${shard}/`)) {
        const named = parseSegmentName(key);
        if (named && named.first < size) chunk.push({ key, ...named });
        if (chunk.length < CHUNK) continue;
        swept += await sweepChunk(archive, keyring, shard, chunk);
        chunk = [];
      }
      swept += await sweepChunk(archive, keyring, shard, chunk);
    }
  }
  return swept;
}

interface Block {
  readonly key: string;
  readonly first: number;
  readonly seg: string;
}

async function sweepChunk(
  archive: ArchiveReader,
  keyring: MutableStore,
  shard: string,
  blocks: readonly Block[],
): Promise<number> {
  const entries = await archive.entries(shard, new Set(blocks.map((block) => block.first)));
  let swept = 0;
  for (const { key, first, seg } of blocks) {
    const entry = entries.get(first);
    if (!entry) continue;
    const leaf = decodeLeaf(entry);
    // A block is a segment's if the leaf at its first index is the first of that very segment.
    if (leaf.seg === seg && leaf.off === 0) continue;
    await keyring.remove(key);
    swept += 1;
  }
  return swept;
}
