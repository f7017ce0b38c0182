import { openCheckpoint, parseVkey } from "./checkpoint.ts";
import { ArchiveError } from "./error.ts";
import { decodeHead, type Head, headKey } from "./head.ts";
import { decodeLeaf } from "./leaf.ts";
import { checkpointKey, logEntries, logFileReader } from "./log-files.ts";
import type { Stores } from "./ports.ts";
import { decodeSegment, keyBlockKey, segmentKey } from "./segment.ts";
import { Tree, type TreeFiles } from "./tree.ts";

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
  /**
   * What a key block has a line for: a record's index, and `<index>.<n>` for an attachment of it. Left out where
   * the private key is not at hand.
   */
  readonly keyLines?: (block: Uint8Array) => Promise<ReadonlySet<KeyLineName>>;
  /** Whether a record was disposed of, so that its missing key line is right. */
  readonly disposed?: (id: string) => Promise<boolean>;
}

export type KeyLineName = number | `${number}.${number}`;

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

type Report = (where: string, problem: string) => void;

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
  const tree = new Tree();
  let previous: string | null = null;
  let partial: TreeFiles["partial"] = [];
  let agrees = false;
  for await (const { first, seg, entries } of logSegments(options, checkpoint.size)) {
    const key = segmentKey(shard, first, seg);
    counts.segments += 1;
    const files = tree.append(entries);
    const root = tree.root();
    const gone = await disposals(options, entries);
    await checkSegment(options, key, entries, gone, { previous, root: root.toString("hex") }, report);
    await checkKeys(options, keyBlockKey(shard, first, seg), first, gone, report);
    for (const { path, bytes } of files.full) {
      const file = `log/${shard}/${path}`;
      await checkFile(file, bytes, () => stores.records.get(file), report);
    }
    partial = files.partial;
    agrees ||= shown?.size === tree.size && shown.root.equals(root);
    previous = key;
  }
  const read = logFileReader(stores, shard);
  for (const { path, bytes } of partial)
    await checkFile(`log/${shard}/${path}`, bytes, () => read(path), report);
  if (!tree.root().equals(checkpoint.root))
    report(headKey(shard), "the entries do not lead to the signed root");
  if (previous !== head.segment) report(headKey(shard), "the head names another last segment");
  if (shown && shown.size <= checkpoint.size && !agrees)
    report(checkpointKey(shard), "the published checkpoint is of another log");
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

/** Which of the entries' records were disposed of. */
async function disposals({ disposed }: FsckOptions, entries: readonly Buffer[]): Promise<boolean[]> {
  const gone: boolean[] = [];
  for (const entry of entries) gone.push((await disposed?.(decodeLeaf(entry).id)) ?? false);
  return gone;
}

async function checkSegment(
  { stores, minLockDays, now }: FsckOptions,
  key: string,
  entries: readonly Buffer[],
  gone: readonly boolean[],
  expected: { previous: string | null; root: string },
  report: Report,
): Promise<void> {
  // Without a live record its lock is let lapse, and then it is removed.
  const live = gone.includes(false);
  const state = await stores.records.stat(key);
  if (!state) {
    if (live) report(key, "the segment is gone");
    return;
  }
  if (live && state.retainUntil.getTime() < now.getTime() + minLockDays * DAY_MS)
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
  { stores, keyLines }: FsckOptions,
  key: string,
  first: number,
  gone: readonly boolean[],
  report: Report,
): Promise<void> {
  if (!keyLines) return;
  const { keyring, keyringCopy } = stores;
  const copies = keyringCopy
    ? [
        { store: keyring, at: " in the first copy of the keyring" },
        { store: keyringCopy, at: " in the second copy of the keyring" },
      ]
    : [{ store: keyring, at: "" }];
  const found: { lines: ReadonlySet<KeyLineName>; at: string }[] = [];
  for (const { store, at } of copies) {
    const reportHere = (problem: string) => report(key, `${problem}${at}`);
    try {
      const block = await store.read(key);
      const lines = block && (await keyLines(block.body));
      checkLines(lines ?? new Set(), first, gone, reportHere);
      if (lines) found.push({ lines, at });
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.retryable) throw error;
      reportHere(error.message);
    }
  }
  const [one, other] = found;
  if (!one || !other) return;
  // Which attachments there are only the records tell: but what one copy has, both must have.
  for (const [having, lacking] of [
    [one, other],
    [other, one],
  ] as const) {
    for (const line of having.lines) {
      if (typeof line === "string" && !lacking.lines.has(line))
        report(key, `no session key for attachment ${line}${lacking.at}`);
    }
  }
}

/** What a block must and must not have a line for. */
function checkLines(
  lines: ReadonlySet<KeyLineName>,
  first: number,
  gone: readonly boolean[],
  report: (problem: string) => void,
): void {
  let missing = 0;
  for (let i = 0; i <= gone.length; i += 1) {
    const index = first + i;
    if (gone[i] === false && !lines.has(index)) {
      missing += 1;
      continue;
    }
    // A block that is gone is one problem, not thousands.
    if (missing === 1) report(`no session key for record ${index - 1}`);
    else if (missing > 1) report(`no session key for records ${index - missing} to ${index - 1}`);
    missing = 0;
  }
  for (const line of lines) {
    const [index] = String(line).split(".");
    if (gone[Number(index) - first] !== true) continue;
    const whose = typeof line === "number" ? "its session key" : `the session key of its attachment ${line}`;
    report(`record ${index} was disposed of but ${whose} is there`);
  }
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
