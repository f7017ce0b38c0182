import { ArchiveError } from "./error.ts";
import { HASH_BYTES } from "./merkle.ts";
import { decodeBundle, encodeBundle, TILE_WIDTH, tilePath } from "./tiles.ts";
import type { LockedReader, MutableStore } from "./ports.ts";
import type { TileReader } from "./prover.ts";

/** Key of a log's published checkpoint. */
export function checkpointKey(shard: string): string {
  return `log/${shard}/checkpoint`;
}

/** What reading a log's files takes. */
export interface LogStores {
  readonly records: Pick<LockedReader, "get">;
  readonly heads: Pick<MutableStore, "read" | "list">;
}

/**
 * Reads tiles and entry bundles of a shard's log by their C2SP path. A partial one that was superseded is
 * cut from the wider one that took its place.
 *
 * @throws {ArchiveError} `object-missing`, or `store-unavailable` (retryable)
 */
export function logFileReader(stores: LogStores, shard: string): TileReader {
  return async (path) => {
    const partial = /^(.*)\.p\/(\d+)$/.exec(path);
    if (!partial) return stores.records.get(`log/${shard}/${path}`);
    const exact = await stores.heads.read(`log/${shard}/${path}`);
    if (exact) return exact.body;
    const [, base, width] = partial as unknown as [string, string, string];
    return cut(base, await wider(stores, `log/${shard}/${base}`, Number(width)), Number(width));
  };
}

/** The entries of a log from `from` on, in order, up to the tree of `size` leaves. */
export async function* logEntries(
  read: TileReader,
  size: number,
  from = 0,
): AsyncIterable<{ index: number; entry: Buffer }> {
  for (let bundle = Math.floor(from / TILE_WIDTH); bundle * TILE_WIDTH < size; bundle += 1) {
    const width = Math.min(size - bundle * TILE_WIDTH, TILE_WIDTH);
    const entries = decodeBundle(await read(tilePath("entries", bundle, width)));
    if (entries.length < width)
      throw new ArchiveError("corrupt", "an entry bundle is narrower than its tree");
    for (let i = Math.max(from - bundle * TILE_WIDTH, 0); i < width; i += 1) {
      yield { index: bundle * TILE_WIDTH + i, entry: entries[i] as Buffer };
    }
  }
}

async function wider(stores: LogStores, base: string, width: number): Promise<Uint8Array> {
  for await (const key of stores.heads.list(`${base}.p/`)) {
    if (Number(key.slice(key.lastIndexOf("/") + 1)) < width) continue;
    const found = await stores.heads.read(key);
    if (found) return found.body;
  }
  return stores.records.get(base);
}

function cut(base: string, bytes: Uint8Array, width: number): Uint8Array {
  if (base.startsWith("tile/entries/")) return encodeBundle(decodeBundle(bytes).slice(0, width));
  return bytes.subarray(0, width * HASH_BYTES);
}
