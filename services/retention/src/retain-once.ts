import { disposedRecords } from "./judged.ts";
import { keepAttachments } from "./attachments.ts";
import { LogView } from "./log-view.ts";
import type { RetentionOptions, RetentionReport } from "./options.ts";
import { Pass } from "./pass.ts";
import { keepSegments, keepTiles, sweepKeyBlocks, sweepPartialTiles } from "./segments.ts";
import { expireSnapshots, takeSnapshots } from "./snapshots.ts";

/**
 * One pass: lengthens the locks of what holds live records, sets and lifts legal holds, copies the keyring, destroys
 * key blocks that can never commit, removes what has lapsed and nothing needs. May be repeated, and be cut off
 * anywhere. What fails for one object is an alert in the report.
 *
 * @throws {RetentionError} `facts-unavailable`, `log-unproven`
 * @throws {ArchiveError} `store-unavailable` (retryable); `corrupt` when a head or a log cannot be read
 */
export async function retainOnce(options: RetentionOptions, signal: AbortSignal): Promise<RetentionReport> {
  const pass = new Pass(options);
  const disposed = await disposedRecords(options.facts);
  const held = new Set<string>();
  for await (const digest of options.facts.heldSegments()) held.add(digest);
  for (const shard of options.shards) {
    signal.throwIfAborted();
    const view = await LogView.open(shard, options);
    if (!view) continue;
    // First what keeps, then what removes.
    await keepTiles(pass, view);
    await keepSegments(pass, view, { disposed, held });
    await sweepKeyBlocks(pass, view);
    await sweepPartialTiles(pass, view);
  }
  signal.throwIfAborted();
  await takeSnapshots(pass);
  await expireSnapshots(pass);
  await keepAttachments(pass, signal);
  return pass.report;
}
