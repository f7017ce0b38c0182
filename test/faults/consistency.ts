import {
  checkpointKey,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  type Stores,
  verifyConsistency,
} from "@daybook/archive-core";

/** A signed note that somebody outside was shown. */
export interface SeenCheckpoint {
  readonly shard: string;
  readonly note: string;
}

/** Which of these checkpoints are signed by the log's key and of a tree that the published one continues. */
export async function inconsistent(
  vkeys: readonly string[],
  stores: Stores,
  notes: readonly SeenCheckpoint[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [shard, vkey] of Object.entries(vkeysByShard(vkeys))) {
    const stored = await stores.heads.read(checkpointKey(shard));
    const early = notes.filter((one) => one.shard === shard);
    if (!stored) {
      if (early.length > 0) wrong.push(`shard ${shard} shows no checkpoint any more`);
      continue;
    }
    const late = openCheckpoint(Buffer.from(stored.body).toString(), parseVkey(vkey));
    const prover = new Prover(late.size, logFileReader(stores, shard));
    for (const { note } of early) {
      const { size, root } = openCheckpoint(note, parseVkey(vkey));
      const isContinued =
        size <= late.size &&
        verifyConsistency(size, root, late.size, late.root, await prover.consistency(size));
      if (!isContinued) wrong.push(`the checkpoint of shard ${shard} at ${size} is of another log`);
    }
  }
  return wrong;
}

/** Verifier keys by the shard whose log they are of. */
export function vkeysByShard(vkeys: readonly string[]): Record<string, string> {
  return Object.fromEntries(vkeys.map((vkey) => [parseVkey(vkey).name.split("/").at(-1)!, vkey]));
}
