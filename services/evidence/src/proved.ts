import {
  checkpointKey,
  decodeBundle,
  encodeProof,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  type Stores,
  TILE_WIDTH,
  tilePath,
} from "@daybook/archive-core";
import { EvidenceError } from "./error.ts";

const CACHED_BUNDLES = 64;

/** One shard's log, held at one checkpoint: what an export is proved against. */
export interface ProvedShard {
  readonly shard: string;
  readonly origin: string;
  readonly vkey: string;
  /** The signed note. */
  readonly note: string;
  readonly size: number;
  readonly root: Buffer;
  /** The leaf at an index below `size`, as logged, and its `.tlog-proof`. */
  prove(index: number): Promise<{ leaf: Buffer; proof: string }>;
}

/**
 * Holds a shard's log at its published checkpoint; undefined where nothing is logged yet.
 *
 * @throws {EvidenceError} `unavailable`; {ArchiveError} `corrupt` when the checkpoint is not signed by `vkey`
 */
export async function holdShard(
  stores: Pick<Stores, "records" | "heads">,
  shard: string,
  vkey: string,
): Promise<ProvedShard | undefined> {
  const published = await stores.heads.read(checkpointKey(shard));
  if (!published) return undefined;
  const note = Buffer.from(published.body).toString();
  const { origin, size, root } = openCheckpoint(note, parseVkey(vkey));
  const read = logFileReader(stores, shard);
  const prover = new Prover(size, read);
  const bundles = new Map<number, Promise<Buffer[]>>();
  const bundle = (number: number): Promise<Buffer[]> => {
    const known = bundles.get(number);
    if (known) return known;
    const width = Math.min(size - number * TILE_WIDTH, TILE_WIDTH);
    const loading = read(tilePath("entries", number, width)).then(decodeBundle);
    bundles.set(number, loading);
    if (bundles.size > CACHED_BUNDLES) bundles.delete(bundles.keys().next().value as number);
    return loading;
  };
  return {
    shard,
    origin,
    vkey,
    note,
    size,
    root,
    async prove(index) {
      const leaf = (await bundle(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH];
      if (!leaf || index >= size)
        throw new EvidenceError("unavailable", "a record is not under the checkpoint yet");
      return { leaf, proof: encodeProof({ index, hashes: await prover.inclusion(index), checkpoint: note }) };
    },
  };
}
