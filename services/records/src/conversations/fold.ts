import { FOLLOW_UPS, type FollowUps, type RecordRef } from "@daybook/catalogue";

/** What stands with one record of a page. */
export interface Fold {
  /** Edits, deletions, reactions and receipts, oldest first. */
  readonly followUps: RecordRef[];
  /** How many there are, of which those are the first. */
  total: number;
  readonly twins: RecordRef[];
}

export interface Folded {
  /** By the id of a record of the page. */
  readonly folds: ReadonlyMap<string, Fold>;
  /** What a record answers, or is about, among what was looked up. */
  readonly quotedBy: (ref: RecordRef, target: string | undefined) => RecordRef | undefined;
}

/** Whether a record is of a kind that is about another. */
export function follows(ref: RecordRef): boolean {
  return FOLLOW_UPS.includes(ref.kind);
}

/**
 * Puts what is about the records of a page with them. Each follow-up belongs to one record: of the same account,
 * the one by the same method, else the earliest; through an edit if what it names is one. What belongs to a record
 * that is not on the page is left out: it stands there.
 *
 * @param page records that stand by themselves
 * @param about what may be about them
 * @param beside further records with the network ids that any of these name
 */
export function fold(
  page: readonly RecordRef[],
  about: readonly FollowUps[],
  beside: readonly RecordRef[],
): Folded {
  const standing = byNetworkId([...page, ...beside].filter((ref) => !follows(ref)));
  const edits = byNetworkId(about.flatMap(({ refs }) => refs.filter(({ kind }) => kind === "edit")));

  const seenAs = (of: RecordRef, target: string | undefined) =>
    best(
      of,
      (standing.get(target ?? "") ?? []).filter((one) => sameCapture(one, of)),
    );
  const ownerOf = (ref: RecordRef): RecordRef | undefined => {
    const direct = seenAs(ref, ref.keys.target);
    if (direct !== undefined || ref.kind === "edit") return direct;
    for (const edit of edits.get(ref.keys.target ?? "") ?? []) {
      const through = sameCapture(edit, ref) ? seenAs(edit, edit.keys.target) : undefined;
      if (through !== undefined) return through;
    }
    return undefined;
  };

  const folds = new Map<string, Fold>(
    page.map((ref) => [ref.id, { followUps: [], total: 0, twins: twinsOf(ref) }]),
  );
  function twinsOf(ref: RecordRef): RecordRef[] {
    return (standing.get(ref.keys.networkId ?? "") ?? []).filter((one) => one.id !== ref.id);
  }
  for (const { refs, total } of about) {
    let counted = false;
    for (const ref of refs) {
      const owner = folds.get(ownerOf(ref)?.id ?? "");
      if (owner === undefined) continue;
      owner.followUps.push(ref);
      if (!counted) owner.total += total - refs.length;
      owner.total += 1;
      counted = true;
    }
  }
  for (const one of folds.values()) one.followUps.sort(inTime);
  return {
    folds,
    quotedBy: (ref, target) => seenAs(ref, target) ?? best(ref, standing.get(target ?? "") ?? []),
  };
}

/** By time, then by place. */
export function inTime(a: RecordRef, b: RecordRef): number {
  return compare(a.at, b.at) || Number(a.shard) - Number(b.shard) || a.index - b.index;
}

function byNetworkId(refs: readonly RecordRef[]): Map<string, RecordRef[]> {
  const found = new Map<string, Map<string, RecordRef>>();
  for (const ref of refs) {
    const { networkId } = ref.keys;
    if (networkId === undefined) continue;
    const same = found.get(networkId) ?? new Map<string, RecordRef>();
    same.set(ref.id, ref);
    found.set(networkId, same);
  }
  return new Map([...found].map(([id, same]) => [id, [...same.values()].sort(inTime)]));
}

/** A follow-up of no conversation, as receipts may be, is of whichever has what it names. */
function sameCapture(one: RecordRef, of: RecordRef): boolean {
  return (
    one.keys.account === of.keys.account &&
    one.network === of.network &&
    (of.keys.conversation === undefined || one.keys.conversation === of.keys.conversation)
  );
}

function best(of: RecordRef, candidates: readonly RecordRef[]): RecordRef | undefined {
  return (
    candidates.find((one) => one.method === of.method && one.id !== of.id) ??
    candidates.find((one) => one.id !== of.id)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
