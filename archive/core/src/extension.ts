import type { Checkpoint } from "./checkpoint.ts";
import { ArchiveError } from "./error.ts";
import { type LogStores, logFileReader } from "./log-files.ts";
import { verifyConsistency } from "./merkle.ts";
import { Prover } from "./prover.ts";

/** A log as somebody saw it. */
export type SeenLog = Pick<Checkpoint, "size" | "root">;

/**
 * Proves from its published tiles that a log only added to what was seen of it.
 *
 * @throws {ArchiveError} `fork` when it did not; `store-unavailable` (retryable); `object-missing` when its writer has
 *   moved on meanwhile
 */
export async function assertExtends(
  { stores, shard }: { stores: LogStores; shard: string },
  seen: SeenLog,
  now: SeenLog,
): Promise<void> {
  const proves = async () => {
    const proof = await new Prover(now.size, logFileReader(stores, shard)).consistency(seen.size);
    return verifyConsistency(seen.size, seen.root, now.size, now.root, proof);
  };
  if (now.size < seen.size || !(await proves())) {
    throw new ArchiveError("fork", `shard ${shard}: the log does not continue what was seen of it`);
  }
}
