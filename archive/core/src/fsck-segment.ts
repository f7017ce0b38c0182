import { ArchiveError } from "./error.ts";
import type { FsckOptions, KeyLineName, Report } from "./fsck-options.ts";
import { decodeLeaf } from "./leaf.ts";
import { decodeSegment, keyBlockKey, segmentKey } from "./segment.ts";

const DAY_MS = 86_400_000;

/** A segment, as the log has it. */
export interface LoggedSegment {
  readonly first: number;
  readonly seg: string;
  readonly entries: readonly Buffer[];
  /** Key of the one before it. */
  readonly previous: string | null;
  /** Of the tree with it, hex. */
  readonly root: string;
}

/** Checks one segment's object, its lock, and its block in every copy of the keyring. */
export async function checkSegment(
  options: FsckOptions,
  expected: LoggedSegment,
  report: Report,
): Promise<void> {
  const { shard } = options;
  const { first, seg, entries } = expected;
  const gone = await disposals(options, entries);
  await checkObject(options, segmentKey(shard, first, seg), gone, expected, report);
  await checkKeys(options, keyBlockKey(shard, first, seg), first, gone, report);
}

/** Which of the entries' records were disposed of. */
async function disposals({ disposed }: FsckOptions, entries: readonly Buffer[]): Promise<boolean[]> {
  if (!disposed) return entries.map(() => false);
  const ids = entries.map((entry) => decodeLeaf(entry).id);
  const gone = await disposed(ids);
  return ids.map((id) => gone.has(id));
}

async function checkObject(
  { stores, minLockDays, now }: FsckOptions,
  key: string,
  gone: readonly boolean[],
  { entries, ...expected }: LoggedSegment,
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
