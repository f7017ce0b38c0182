import { openCheckpoint, parseVkey } from "./checkpoint.ts";
import { ArchiveError } from "./error.ts";
import { decodeHead, headKey } from "./head.ts";
import { decodeLeaf } from "./leaf.ts";
import { checkpointKey, logEntries, logFileReader } from "./log-files.ts";
import type { Stores } from "./ports.ts";
import { decodeSegment, keyBlockKey, segmentKey } from "./segment.ts";
import { Tree } from "./tree.ts";

/** Something that is not as the log says. `where` is a store key. */
export interface FsckProblem {
  readonly where: string;
  readonly problem: string;
}

export interface FsckOptions {
  readonly shard: string;
  readonly vkey: string;
  readonly stores: Stores;
  /** Alert below this much lock, in days from `now`. */
  readonly minLockDays: number;
  readonly now: Date;
  /** Indexes that a key block has a line for; left out where the private key is not at hand. */
  readonly keyLines?: (block: Uint8Array) => Promise<ReadonlySet<number>>;
  /** Whether a record was disposed of, so that its missing key line is right. */
  readonly disposed?: (id: string) => Promise<boolean>;
}

export interface FsckReport {
  readonly shard: string;
  readonly size: number;
  readonly segments: number;
  readonly problems: readonly FsckProblem[];
}

const MAX_PROBLEMS = 1_000;
const DAY_MS = 86_400_000;

/**
 * Checks a shard from the ground up: every segment against its leaves, every leaf against the tiles, the
 * tree against head and checkpoint, a key line or a disposal for every leaf, and the locks. Reads only.
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { shard, stores } = options;
  const problems: FsckProblem[] = [];
  const report = (where: string, problem: string) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ where, problem });
  };
  const stored = await stores.heads.read(headKey(shard));
  const published = await stores.heads.read(checkpointKey(shard));
  if (!stored) {
    if (published) report(headKey(shard), "the head is gone but a checkpoint is published");
    return { shard, size: 0, segments: 0, problems };
  }
  let segments = 0;
  let size = 0;
  try {
    const verifier = parseVkey(options.vkey);
    const head = decodeHead(stored.body);
    const checkpoint = openCheckpoint(head.checkpoint, verifier);
    size = checkpoint.size;
    if (!published) report(checkpointKey(shard), "no checkpoint is published");
    else if (openCheckpoint(Buffer.from(published.body).toString(), verifier).size > size) {
      report(checkpointKey(shard), "the published checkpoint is ahead of the head");
    }
    const tree = new Tree();
    let previous: string | null = null;
    for await (const { first, seg, entries } of logSegments(options, size)) {
      const key = segmentKey(shard, first, seg);
      segments += 1;
      const files = tree.append(entries);
      await checkSegment(options, key, entries, { previous, root: tree.root().toString("hex") }, report);
      await checkKeys(options, keyBlockKey(shard, first, seg), first, entries, report);
      for (const { path, bytes } of files.full)
        await checkFile(options, `log/${shard}/${path}`, bytes, report);
      previous = key;
    }
    if (!tree.root().equals(checkpoint.root))
      report(headKey(shard), "the entries do not lead to the signed root");
    if (previous !== head.segment) report(headKey(shard), "the head names another last segment");
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.retryable) throw error;
    report(`log/${shard}`, error.message);
  }
  return { shard, size, segments, problems };
}

type Report = (where: string, problem: string) => void;

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

async function checkSegment(
  { stores, minLockDays, now }: FsckOptions,
  key: string,
  entries: readonly Buffer[],
  expected: { previous: string | null; root: string },
  report: Report,
): Promise<void> {
  const state = await stores.records.stat(key);
  if (!state) return report(key, "the segment is gone");
  if (state.retainUntil.getTime() < now.getTime() + minLockDays * DAY_MS)
    report(key, "its lock ends too soon");
  try {
    const { entries: stored, trailer } = decodeSegment(await stores.records.get(key));
    if (stored.length !== entries.length || stored.some((e, i) => !e.equals(entries[i] as Buffer))) {
      report(key, "its leaves are not those in the log");
    }
    if (trailer.previous !== expected.previous) report(key, "it names another segment before it");
    if (trailer.root !== expected.root) report(key, "its tree is not the log's");
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.retryable) throw error;
    report(key, error.message);
  }
}

async function checkKeys(
  { stores, keyLines, disposed }: FsckOptions,
  key: string,
  first: number,
  entries: readonly Buffer[],
  report: Report,
): Promise<void> {
  if (!keyLines) return;
  const block = await stores.keyring.read(key);
  const lines = block ? await keyLines(block.body) : new Set<number>();
  for (const [i, entry] of entries.entries()) {
    const gone = (await disposed?.(decodeLeaf(entry).id)) ?? false;
    if (!lines.has(first + i) && !gone) report(key, `no session key for record ${first + i}`);
    if (lines.has(first + i) && gone)
      report(key, `record ${first + i} was disposed of but its session key is there`);
  }
}

async function checkFile(
  { stores }: FsckOptions,
  key: string,
  bytes: Uint8Array,
  report: Report,
): Promise<void> {
  const state = await stores.records.stat(key);
  if (!state) report(key, "it is gone");
  else if (Buffer.compare(await stores.records.get(key), bytes) !== 0)
    report(key, "it is not what the leaves give");
}
