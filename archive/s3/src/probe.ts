import { randomBytes } from "node:crypto";
import type { Bucket } from "./bucket.ts";
import { connect, type S3Connection } from "./connect.ts";
import { onStore } from "./outcome.ts";
import { tryLocks } from "./probe-locks.ts";
import { tryConditions } from "./probe-conditions.ts";
import { UnfitStoreError } from "./unfit-store.ts";

/**
 * Tries to break what the archive stands on: removes, shortens and weakens locks, overwrites, races writers, sends a
 * wrong checksum, suspends versioning. What it writes is under `probe/`; on the records bucket a few small objects stay, locked
 * for a day. For an identity of its own, that may do all of it under `probe/` and nothing elsewhere: what an
 * identity is forbidden proves nothing about locks. May be repeated.
 *
 * @throws {UnfitStoreError} with everything that the store let through
 * @throws {StoreRefusedError} when this identity may not write under `probe/`
 * @throws {ArchiveError} `store-unavailable`: nothing is known
 */
export async function probeLocks(
  options: S3Connection & { readonly buckets: { readonly records: string; readonly heads: string } },
): Promise<void> {
  // Repeated by itself, a request would find its own work.
  const client = connect({ ...options, attempts: 1 });
  const prefix = `probe/${randomBytes(8).toString("hex")}`;
  const records: Bucket = { client, name: options.buckets.records };
  const heads: Bucket = { client, name: options.buckets.heads };
  try {
    const problems = await onStore(async () => [
      ...(await tryLocks(records, prefix, "COMPLIANCE")),
      ...(await tryConditions(records, heads, prefix)),
    ]);
    if (problems.length > 0) throw new UnfitStoreError(problems);
  } finally {
    client.destroy();
  }
}
