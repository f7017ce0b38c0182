import { keepAttachments } from "./attachments.ts";
import { openLogs } from "./log-view.ts";
import type { RetentionOptions, RetentionReport } from "./options.ts";
import { Pass } from "./pass.ts";
import { keepSegments, keepTiles, sweepKeyBlocks, sweepPartialTiles } from "./segments.ts";
import { expireSnapshots, takeSnapshots } from "./snapshots.ts";

/**
 * One pass: lengthens the locks of what holds live records, sets and lifts legal holds, copies the keyring, destroys
 * key blocks that can never commit, removes what has lapsed and nothing needs. May be repeated, and be cut off
 * anywhere. What fails for one object is an alert in the report. However many objects there are, no more than
 * `namesInMemory` of their names are in memory at a time; the facts are asked once for so many.
 *
 * @throws {RetentionError} `facts-unavailable`, `log-unproven`
 * @throws {ArchiveError} `store-unavailable` (retryable); `corrupt` when a head or a log cannot be read
 */
export async function retainOnce(options: RetentionOptions, signal: AbortSignal): Promise<RetentionReport> {
  const pass = new Pass(options);
  // First what keeps, then what removes.
  for await (const view of openLogs(options, signal)) await keepTiles(pass, view);
  await keepSegments(pass, signal);
  for await (const view of openLogs(options, signal)) {
    await sweepKeyBlocks(pass, view);
    await sweepPartialTiles(pass, view);
  }
  signal.throwIfAborted();
  await takeSnapshots(pass, signal);
  await expireSnapshots(pass);
  await keepAttachments(pass, signal);
  return pass.report;
}
