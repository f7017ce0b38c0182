import { openCheckpoint, parseVkey } from "./checkpoint.ts";
import { ArchiveError } from "./error.ts";
import { decodeHead, type Head, headKey } from "./head.ts";
import { decodeLeaf } from "./leaf.ts";
import { checkpointKey, logEntries, logFileReader } from "./log-files.ts";
import type { FsckOptions, FsckProblem, Report } from "./fsck-options.ts";
import { checkSegment } from "./fsck-segment.ts";
import { segmentKey } from "./segment.ts";
import { Tree, type TreeFiles } from "./tree.ts";

export interface FsckReport {
  readonly shard: string;
  readonly size: number;
  readonly segments: number;
  readonly problems: readonly FsckProblem[];
}

const MAX_PROBLEMS = 1_000;
/** Segments in memory at once: each is 4 MiB and some at most. */
const SIDE_BY_SIDE = 4;

/**
 * Checks a shard from the ground up: every segment against its leaves, every leaf against the tiles, the
 * tree against head and checkpoint, a key line or a disposal for every leaf in every copy of the keyring, and the
 * locks. Reads only; what is committed meanwhile is left for the next time.
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { shard, stores } = options;
  const problems: FsckProblem[] = [];
  const report: Report = (where, problem) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ where, problem });
  };
  // In this order: a writer that is at work publishes after its head.
  const published = await stores.heads.read(checkpointKey(shard));
  const stored = await stores.heads.read(headKey(shard));
  if (!stored) {
    if (published) report(headKey(shard), "the head is gone but a checkpoint is published");
    return { shard, size: 0, segments: 0, problems };
  }
  const counts = { size: 0, segments: 0 };
  try {
    await checkLog(options, decodeHead(stored.body), published?.body, counts, report);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.retryable) throw error;
    report(`log/${shard}`, error.message);
  }
  return { shard, ...counts, problems };
}

async function checkLog(
  options: FsckOptions,
  head: Head,
  published: Uint8Array | undefined,
  counts: { size: number; segments: number },
  report: Report,
): Promise<void> {
  const { shard, stores } = options;
  const verifier = parseVkey(options.vkey);
  const checkpoint = openCheckpoint(head.checkpoint, verifier);
  counts.size = checkpoint.size;
  const shown = published && openCheckpoint(Buffer.from(published).toString(), verifier);
  if (!shown) report(checkpointKey(shard), "no checkpoint is published");
  else if (shown.size > checkpoint.size)
    report(checkpointKey(shard), "the published checkpoint is ahead of the head");
  const checks = new Checks(report);
  const tree = new Tree();
  let previous: string | null = null;
  let partial: TreeFiles["partial"] = [];
  let agrees = false;
  for await (const { first, seg, entries } of logSegments(options, checkpoint.size)) {
    const key = segmentKey(shard, first, seg);
    counts.segments += 1;
    const files = tree.append(entries);
    const root = tree.root();
    const expected = { first, seg, entries, previous, root: root.toString("hex") };
    await checks.add(async (reportHere) => {
      await checkSegment(options, expected, reportHere);
      for (const { path, bytes } of files.full) {
        const file = `log/${shard}/${path}`;
        await checkFile(file, bytes, () => stores.records.get(file), reportHere);
      }
    });
    partial = files.partial;
    agrees ||= shown?.size === tree.size && shown.root.equals(root);
    previous = key;
  }
  await checks.done();
  const read = logFileReader(stores, shard);
  for (const { path, bytes } of partial)
    await checkFile(`log/${shard}/${path}`, bytes, () => read(path), report);
  if (!tree.root().equals(checkpoint.root))
    report(headKey(shard), "the entries do not lead to the signed root");
  if (previous !== head.segment) report(headKey(shard), "the head names another last segment");
  if (shown && shown.size <= checkpoint.size && !agrees)
    report(checkpointKey(shard), "the published checkpoint is of another log");
}

/** Checks that run side by side, so that a store's answers are not waited for one by one; they report in order. */
class Checks {
  readonly #report: Report;
  readonly #running: Promise<readonly FsckProblem[]>[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  /** Resolves when there is room for another. @throws what an earlier one threw */
  async add(check: (report: Report) => Promise<void>): Promise<void> {
    const problems: FsckProblem[] = [];
    const running = check((where, problem) => void problems.push({ where, problem })).then(() => problems);
    // It is awaited in its turn, unless one before it fails.
    running.catch(() => undefined);
    this.#running.push(running);
    if (this.#running.length >= SIDE_BY_SIDE) await this.#take();
  }

  async done(): Promise<void> {
    while (this.#running.length > 0) await this.#take();
  }

  async #take(): Promise<void> {
    for (const { where, problem } of (await this.#running.shift()) ?? []) this.#report(where, problem);
  }
}

/** The committed entries, segment by segment, as the entry bundles tell. */
async function* logSegments(
  { stores, shard }: FsckOptions,
  size: number,
): AsyncIterable<{ first: number; seg: string; entries: Buffer[] }> {
  let open: { first: number; seg: string; entries: Buffer[] } | undefined;
  for await (const { index, entry } of logEntries(logFileReader(stores, shard), size)) {
    const { seg } = decodeLeaf(entry);
    if (open && open.seg !== seg) {
      yield open;
      open = undefined;
    }
    open ??= { first: index, seg, entries: [] };
    open.entries.push(entry);
  }
  if (open) yield open;
}

async function checkFile(
  key: string,
  expected: Uint8Array,
  read: () => Promise<Uint8Array>,
  report: Report,
): Promise<void> {
  try {
    if (Buffer.compare(await read(), expected) !== 0) report(key, "it is not what the leaves give");
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.retryable) throw error;
    report(key, error.code === "object-missing" ? "it is gone" : error.message);
  }
}
