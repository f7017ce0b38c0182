import type { Captured } from "@daybook/contract";
import type { ScopedSink } from "@daybook/keeping";
import type { Memory } from "./memory.ts";
import type { ImapAccount } from "./options.ts";
import { deleteOf, gapOf } from "./said.ts";
import type { Cursor, Entry, Lost } from "./state.ts";

/** Messages that a visit finds gone, at most; the next finds more. */
const MAX_LOST = 5_000;

/** Where and when messages were missed. */
export type Place = Omit<Lost, "uid" | "digest">;

/**
 * Forgets messages that a folder does not have any more; those that no other has either wait to be confirmed. Durable once it
 * resolves.
 *
 * @returns whether more may be found gone by this visit
 */
export async function lose(gone: readonly Entry[], place: Place, memory: Memory): Promise<boolean> {
  if (gone.length === 0) return true;
  const { lost, ...standing } = memory.standing;
  const copies = new Map<string, number>();
  for (const [, digest] of gone) copies.set(digest, (copies.get(digest) ?? 0) + 1);
  const last = new Map(gone.map(([uid, digest]) => [digest, uid]));
  const nowhere = [...last].filter(
    ([digest]) => (memory.message(digest)?.times ?? 0) <= (copies.get(digest) ?? 0),
  );
  const more = nowhere.map(([digest, uid]) => ({ ...place, uid, digest }));
  await memory.write([
    ...memory.forgotten(place.folder, place.uidValidity, gone),
    memory.asStanding({ ...standing, lost: [...lost, ...more] }),
  ]);
  return lost.length + more.length < MAX_LOST;
}

/** Loses all that a folder is known to have under one UIDVALIDITY. @returns whether all of it */
export async function loseAll(
  folder: string,
  of: Pick<Cursor, "uidValidity" | "blocks">,
  times: Pick<Place, "from" | "to">,
  memory: Memory,
): Promise<boolean> {
  for (const block of memory.blocks(folder, of))
    if (!(await lose(block, { folder, uidValidity: of.uidValidity, ...times }, memory))) return false;
  return true;
}

/** A folder that is there no more: so are its messages. */
export async function leave(folder: string, now: number, memory: Memory): Promise<void> {
  const at = memory.cursor(folder);
  const times = { from: at?.visitedAt ?? now, to: now };
  for (const some of at ? [at, ...at.former] : []) if (!(await loseAll(folder, some, times, memory))) return;
  const { folders, ...standing } = memory.standing;
  await memory.write([
    memory.atCursor(folder, undefined),
    memory.asStanding({ ...standing, folders: folders.filter((one) => one !== folder) }),
  ]);
}

/**
 * Records what was never had, and of what was found gone by an earlier visit what is in no folder now. May be repeated: the same
 * events are the same records.
 *
 * @param toConfirm those that waited when this visit began, which has been to all folders
 * @throws what the sink throws
 */
export async function recordGone(
  toConfirm: readonly Lost[],
  { account, memory, sink }: { account: ImapAccount; memory: Memory; sink: ScopedSink },
): Promise<void> {
  const { missed } = memory.standing;
  if (missed.length + toConfirm.length === 0) return;
  const gone = new Map(toConfirm.map((one) => [one.digest, one]));
  for (const digest of gone.keys()) if ((memory.message(digest)?.times ?? 0) > 0) gone.delete(digest);
  const deleted = [...gone.values()].flatMap((one): Captured[] => {
    // Nothing names what scope left out.
    const target = memory.message(one.digest)?.target;
    return target === undefined ? [] : [deleteOf(one, target, account)];
  });
  const events = [...missed.map((one) => gapOf(one, account)), ...deleted];
  if (events.length > 0) await sink.capture(events);
  const standing = memory.standing;
  await memory.write([
    ...[...gone.keys()].map((digest) => memory.removed(digest)),
    memory.asStanding({ ...standing, missed: [], lost: standing.lost.slice(toConfirm.length) }),
  ]);
}
