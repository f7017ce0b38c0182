import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import {
  ArchiveError,
  checkpointSigner,
  decodeHead,
  headKey,
  parseVkey,
  type Stores,
  type StreamPosition,
} from "@daybook/archive-core";
import type { ShardOptions } from "@daybook/archiver";
import type { CatalogueWriter } from "@daybook/catalogue";
import { RuntimeError } from "@daybook/runtime";

const AUDIT_LINGER_MS = 30_000;

/** Every shard of a deployment, `audit` the last, with what signs its checkpoints. */
export function signedShards(of: {
  readonly deployment: string;
  readonly shards: number;
  readonly seed: Uint8Array;
  readonly lingerMs: number;
}): ShardOptions[] {
  const shard = (name: string, topic: string, partition: number, lingerMs: number): ShardOptions => ({
    shard: name,
    topic,
    partition,
    signer: checkpointSigner(`${of.deployment}/${name}`, of.seed),
    lingerMs,
  });
  return [
    ...Array.from({ length: of.shards }, (_, i) => shard(String(i), TOPICS.events, i, of.lingerMs)),
    shard(AUDIT_SHARD, TOPICS.audit, 0, AUDIT_LINGER_MS),
  ];
}

/**
 * The verifier key of every shard's log, by shard.
 *
 * @param text one a line, named `<deployment>/<shard>`
 * @throws {RuntimeError} `invalid-configuration` naming those that are missing, double or of no shard
 */
export function shardVkeys(text: string, deployment: string, shards: number): Record<string, string> {
  const wanted = new Set([...Array.from({ length: shards }, (_, i) => String(i)), AUDIT_SHARD]);
  const found: Record<string, string> = {};
  const problems: string[] = [];
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const shard = shardOf(line.trim(), deployment);
    if (shard === undefined || !wanted.delete(shard))
      problems.push("a line is no key of a shard, or is there twice");
    else found[shard] = line.trim();
  }
  problems.push(...[...wanted].map((shard) => `shard ${shard} has none`));
  if (problems.length > 0)
    throw new RuntimeError(
      "invalid-configuration",
      `invalid configuration: ${problems.map((problem) => `DAYBOOK_LOG_VKEYS: ${problem}`).join("; ")}`,
    );
  return found;
}

function shardOf(line: string, deployment: string): string | undefined {
  try {
    const { name } = parseVkey(line);
    return name.startsWith(`${deployment}/`) ? name.slice(deployment.length + 1) : undefined;
  } catch (error) {
    if (error instanceof ArchiveError) return undefined;
    throw error;
  }
}

/** Where a restart of each shard would read from, whoever has it: the lesser of its head's position and its rows'. */
export async function positionsOf(
  stores: Pick<Stores, "heads">,
  catalogue: Pick<CatalogueWriter, "position">,
  shards: readonly Pick<ShardOptions, "shard">[],
): Promise<Map<string, StreamPosition | undefined>> {
  const entries = shards.map(async ({ shard }) => {
    const [there, rows] = await Promise.all([stores.heads.read(headKey(shard)), catalogue.position(shard)]);
    const head = there && decodeHead(there.body).stream;
    const isBehind = head && rows?.stream.id === head.id && rows.stream.offset < head.offset;
    return [shard, isBehind ? rows.stream : head] as const;
  });
  return new Map(await Promise.all(entries));
}
