import { ArchiveError, type Stores } from "@daybook/archive-core";
import type { PackageCheckpoint } from "@daybook/package";
import { openStamp } from "@daybook/timestamp";
import { EvidenceError } from "./error.ts";
import type { Attestations, AttestingService } from "./ports.ts";
import { holdShard, type ProvedShard } from "./proved.ts";

/** Every log at one checkpoint, with what outsiders say of it. */
export interface HeldLogs {
  readonly shards: ReadonlyMap<string, ProvedShard>;
  /** As they go into the package. */
  readonly checkpoints: readonly PackageCheckpoint[];
  readonly witnesses?: readonly string[];
  readonly tsaCa?: string;
  /** Cosignatures and stamps that were asked for and could not be had, in words. */
  readonly missing: readonly string[];
}

/**
 * Holds every log at its newest checkpoint, cosigned and stamped where that is configured. What outsiders, or the
 * service that asks them, do not give is named; nothing that they give is taken unchecked, and no older checkpoint.
 *
 * @throws {EvidenceError} `unavailable`; {ArchiveError} `corrupt` when a published checkpoint is not the log's
 */
export async function holdLogs(
  stores: Pick<Stores, "records" | "heads">,
  vkeys: Readonly<Record<string, string>>,
  attesting?: AttestingService,
): Promise<HeldLogs> {
  const published = new Map<string, ProvedShard>();
  for (const [shard, vkey] of Object.entries(vkeys)) {
    const held = await holdShard(stores, shard, vkey);
    if (held) published.set(shard, held);
  }
  const missing: string[] = [];
  const attested = attesting && (await asked(attesting, missing));
  const shards = new Map(published);
  const stamps = new Map<string, Buffer>();
  for (const { shard, note, stamp, missing: lacking } of attested?.shards ?? []) {
    const before = published.get(shard);
    if (!before) continue;
    missing.push(...lacking.map((line) => `log ${shard}: ${line}`));
    try {
      const held = await holdShard(stores, shard, before.vkey, note);
      if (!held || held.size < before.size)
        throw new ArchiveError("corrupt", "an older checkpoint was attested");
      if (stamp !== null) {
        const reply = Buffer.from(stamp, "base64");
        openStamp(reply, Buffer.from(note));
        stamps.set(shard, reply);
      }
      shards.set(shard, held);
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.retryable) throw error;
      missing.push(`log ${shard}: what was attested is not good: ${error.message}`);
    }
  }
  return {
    shards,
    checkpoints: [...shards.values()].map(({ shard, origin, note, vkey }) => {
      const stamp = stamps.get(shard);
      return { shard, origin, note, vkey, ...(stamp && { stamp }) };
    }),
    ...(attested && { witnesses: attested.witnesses }),
    ...(attested?.tsaCa != null && { tsaCa: attested.tsaCa }),
    missing,
  };
}

async function asked(attesting: AttestingService, missing: string[]): Promise<Attestations | undefined> {
  try {
    return await attesting();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    missing.push("no witness and no time-stamp: the witnessing service does not answer");
    return undefined;
  }
}
