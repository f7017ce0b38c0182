import {
  ArchiveError,
  checkpointKey,
  decodeBundle,
  decodeTile,
  encodeProof,
  hashLine,
  logFileReader,
  nodeHash,
  openCheckpoint,
  parseVkey,
  proofOfLines,
  Prover,
  type Stores,
  TILE_WIDTH,
  type TileReader,
  tilePath,
} from "@daybook/archive-core";
import { EvidenceError } from "./error.ts";

/** One shard's log, held at one checkpoint: what an export is proved against. */
export interface ProvedShard {
  readonly shard: string;
  readonly origin: string;
  readonly vkey: string;
  /** The signed note. */
  readonly note: string;
  readonly size: number;
  readonly root: Buffer;
  /**
   * The leaf at an index below `size`, as logged, and its `.tlog-proof`. Proving one makes those of its neighbours
   * cheap: ask in the order of the log.
   */
  prove(index: number): Promise<ProvedLeaf>;
  /** As `prove`, where that needs nothing more to be read; undefined where it does. */
  proveNear(index: number): ProvedLeaf | undefined;
}

/** A leaf, as logged, and its `.tlog-proof`. */
export interface ProvedLeaf {
  readonly leaf: Buffer;
  readonly proof: string;
}

/** What a shard is proved with. */
interface Held {
  readonly prover: Prover;
  readonly read: TileReader;
  readonly note: string;
}

/** The leaves that one tile is over. */
interface Bundle {
  readonly number: number;
  readonly leaves: readonly Buffer[];
  proof(index: number): string;
}

/**
 * Holds a shard's log at its published checkpoint, or at a given one; undefined where nothing is logged yet.
 *
 * @throws {EvidenceError} `unavailable`; {ArchiveError} `corrupt` when the checkpoint is not signed by `vkey`
 */
export async function holdShard(
  stores: Pick<Stores, "records" | "heads">,
  shard: string,
  vkey: string,
  given?: string,
): Promise<ProvedShard | undefined> {
  const note = given ?? (await publishedNote(stores, shard));
  if (note === undefined) return undefined;
  const { origin, size, root } = openCheckpoint(note, parseVkey(vkey));
  const read = logFileReader(stores, shard);
  const held: Held = { prover: new Prover(size, read), read, note };
  let near: Bundle | undefined;

  const load = async (number: number): Promise<Bundle> => {
    const first = number * TILE_WIDTH;
    const width = Math.min(size - first, TILE_WIDTH);
    const [entries, proof] = await Promise.all([
      read(tilePath("entries", number, width)),
      width === TILE_WIDTH ? fullTileProofs(first, held) : edgeProofs(first, width, held),
    ]);
    return { number, leaves: decodeBundle(entries), proof };
  };
  const proveIn = (bundle: Bundle, index: number): ProvedLeaf => {
    const leaf = bundle.leaves[index % TILE_WIDTH];
    if (!leaf) throw notYet();
    return { leaf, proof: bundle.proof(index) };
  };
  return {
    shard,
    origin,
    vkey,
    note,
    size,
    root,
    async prove(index) {
      if (index >= size) throw notYet();
      const number = Math.floor(index / TILE_WIDTH);
      if (near?.number !== number) near = await load(number);
      return proveIn(near, index);
    },
    proveNear(index) {
      if (index >= size || near?.number !== Math.floor(index / TILE_WIDTH)) return undefined;
      return proveIn(near, index);
    },
  };
}

async function publishedNote(stores: Pick<Stores, "heads">, shard: string): Promise<string | undefined> {
  const published = await stores.heads.read(checkpointKey(shard));
  return published && Buffer.from(published.body).toString();
}

/** Proofs of the leaves under a full tile: hashes inside it, each written once, then those that all of them share. */
async function fullTileProofs(
  first: number,
  { prover, read, note }: Held,
): Promise<(index: number) => string> {
  const [tile, above] = await Promise.all([
    read(tilePath(0, first / TILE_WIDTH)),
    prover.inclusion(first, TILE_WIDTH),
  ]);
  const shared = above.map(hashLine).join("");
  const levels: string[][] = [];
  for (let nodes = decodeTile(tile); nodes.length > 1; nodes = parents(nodes))
    levels.push(nodes.map(hashLine));
  if (levels[0]?.length !== TILE_WIDTH) throw new ArchiveError("corrupt", "a full tile is not full");
  return (index) => {
    let lines = "";
    for (const [level, nodes] of levels.entries()) lines += nodes[((index - first) >> level) ^ 1] as string;
    return proofOfLines(index, lines + shared, note);
  };
}

function parents(nodes: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let i = 0; i + 1 < nodes.length; i += 2)
    above.push(nodeHash(nodes[i] as Buffer, nodes[i + 1] as Buffer));
  return above;
}

/** Proofs of the leaves at the right edge, where there is less to share. */
async function edgeProofs(
  first: number,
  width: number,
  { prover, note }: Held,
): Promise<(index: number) => string> {
  const hashes = await Promise.all(Array.from({ length: width }, (_, i) => prover.inclusion(first + i)));
  return (index) =>
    encodeProof({ index, hashes: hashes[index - first] as readonly Buffer[], checkpoint: note });
}

function notYet(): EvidenceError {
  return new EvidenceError("unavailable", "a record is not under the checkpoint yet");
}
