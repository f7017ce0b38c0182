import { batchesOf, capture, type FetchingOptions } from "./fetching.ts";
import { leave, lose, loseAll, type Place, recordGone } from "./gone.ts";
import { type FolderState, type Line, Refused } from "./line.ts";
import type { Cursor, Missed } from "./state.ts";

/** UIDs that a gap names. */
const MAX_NAMED = 100;
/** Gaps that wait to be recorded by the end of a visit. */
const MAX_MISSED = 10_000;

export interface VisitOptions extends FetchingOptions {
  readonly now: () => Date;
}

/**
 * Goes through all folders of an account: captures what came since the last visit, and records what is gone. Durable once it
 * resolves; a visit that was broken off goes on where it was. That a message is gone is recorded by the visit after the one that
 * missed it, where no folder has it then: one that was moved is not taken for one that was removed.
 *
 * @returns whether another visit is due at once, and how many folders cannot be opened
 * @throws {ConnectorError} retryable, or `malformed` for what is remembered
 */
export async function visit(
  line: Line,
  options: VisitOptions,
  signal: AbortSignal,
): Promise<{ isDue: boolean; unopened: number }> {
  const { account, memory, now } = options;
  const { lost: toConfirm, folders: before } = memory.standing;
  const listed = await line.folders();
  const followed =
    account.folders.length > 0
      ? account.folders
      : listed.filter(({ isCorrespondence }) => isCorrespondence).map(({ path }) => path);
  // The first is last: it stays open, and what happens in it is heard.
  const all = [...new Set([...before, ...followed])].sort(
    (a, b) => Number(a === followed[0]) - Number(b === followed[0]),
  );
  if (all.length > before.length)
    await memory.write([memory.asStanding({ ...memory.standing, folders: all })]);
  let unopened = 0;
  for (const folder of all) {
    signal.throwIfAborted();
    if (followed.includes(folder)) {
      const isOpen = await visitFolder(folder, line, options, signal).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error;
        return false;
      });
      if (!isOpen) unopened += 1;
    } else if (!listed.some(({ path }) => path === folder)) await leave(folder, now().getTime(), memory);
  }
  await recordGone(toConfirm, options);
  return { isDue: memory.standing.lost.length > 0, unopened };
}

/** @throws {Refused} where the server does not open it, or does not list it */
async function visitFolder(
  folder: string,
  line: Line,
  options: VisitOptions,
  signal: AbortSignal,
): Promise<true> {
  const { memory, now } = options;
  const found = await line.examine(folder);
  const visitedAt = now().getTime();
  const at = cursorOf(memory.cursor(folder), found, visitedAt);
  if (at.exists === found.exists && at.next === found.next) {
    await memory.write([memory.atCursor(folder, { ...at, visitedAt })]);
    return true;
  }
  const uids = await line.uids();
  const next = Math.max(found.next, (uids.at(-1) ?? 0) + 1);
  const place = { folder, uidValidity: at.uidValidity, from: at.visitedAt, to: visitedAt };
  const fetched = await fetchAll({ at, uids, place, line, options, signal });
  const isWhole = await compare({ at: fetched, uids, place, options });
  const holes = at.next > 0 ? holesOf(uids, at.next, next) : { count: 0, uids: [] };
  await memory.write([
    memory.atCursor(folder, {
      ...fetched,
      ...{ next, visitedAt },
      former: isWhole ? [] : fetched.former,
      // Where it is not whole, the next visit looks again.
      exists: isWhole ? uids.length : undefined,
    }),
    ...missing(holes.count > 0 ? [{ ...place, why: "gone", ...holes }] : [], options),
  ]);
  return true;
}

/** Where a folder was left; at its beginning where it is new, or its UIDs mean others than they did: RFC 9051, section 2.3.1.1. */
function cursorOf(last: Cursor | undefined, { uidValidity, next }: FolderState, visitedAt: number): Cursor {
  if (last?.uidValidity === uidValidity) return last;
  const former = last ? [...last.former, { uidValidity: last.uidValidity, blocks: last.blocks }] : [];
  return { uidValidity, through: 0, next, visitedAt: last?.visitedAt ?? visitedAt, blocks: [], former };
}

interface FolderVisit {
  readonly at: Cursor;
  readonly uids: readonly number[];
  readonly place: Place;
  readonly options: VisitOptions;
}

/** Captures what is new, the oldest first. */
async function fetchAll({
  at: begun,
  uids,
  place,
  line,
  options,
  signal,
}: FolderVisit & { readonly line: Line; readonly signal: AbortSignal }): Promise<Cursor> {
  const { memory, maxBytes } = options;
  await memory.write([memory.atCursor(place.folder, begun)]);
  let at = begun;
  const fresh = uids.filter((uid) => uid > begun.through);
  for await (const batch of batchesOf(fresh, line, maxBytes)) {
    signal.throwIfAborted();
    const { noted, missed } = await capture(batch, line, options);
    const through = Math.max(at.through, ...batch.uids, ...batch.tooLarge);
    const { cursor, changes } = memory.noted(place.folder, { ...at, through }, noted);
    at = cursor;
    const told = missed.map((one) => ({ ...one, ...place }));
    await memory.write([...changes, ...missing(told, options)]);
  }
  return at;
}

/** Finds out what the folder had and has no longer. @returns whether all of it */
async function compare({ at, uids, place, options: { memory } }: FolderVisit): Promise<boolean> {
  const there = new Set(uids);
  for (const block of memory.blocks(place.folder, at)) {
    const gone = block.filter(([uid]) => !there.has(uid));
    if (!(await lose(gone, place, memory))) return false;
  }
  for (const former of at.former) if (!(await loseAll(place.folder, former, place, memory))) return false;
  return true;
}

function missing(more: readonly Missed[], { memory }: VisitOptions) {
  if (more.length === 0) return [];
  const { missed, ...standing } = memory.standing;
  return [memory.asStanding({ ...standing, missed: [...missed, ...more].slice(0, MAX_MISSED) })];
}

/** UIDs that were given since, and that are not there. */
function holesOf(uids: readonly number[], from: number, to: number): { count: number; uids: number[] } {
  const there = new Set(uids.filter((uid) => uid >= from && uid < to));
  const named: number[] = [];
  const count = Math.max(0, to - from - there.size);
  for (let uid = from; named.length < Math.min(count, MAX_NAMED); uid += 1)
    if (!there.has(uid)) named.push(uid);
  return { count, uids: named };
}
