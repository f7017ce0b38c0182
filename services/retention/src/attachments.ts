import type { LockedObject } from "@daybook/archive-core";
import type { Pass } from "./pass.ts";
import { stretches } from "./stretches.ts";

const PREFIX = "attachment/";
/** How long a pass waits for the archiver. */
const PATIENCE_MS = 10 * 60_000;
/** A first lock is 30 days: one that looks fresh needs no decision yet. */
const FRESH_DAYS = { from: 29, to: 30.1 };

/**
 * Attachments of live records are kept locked; others go when their lock has lapsed and a grace is over. Which are
 * which is asked only if one needs a decision, and only once everything that may claim one is archived.
 */
export async function keepAttachments(pass: Pass, signal: AbortSignal): Promise<void> {
  const { namesInMemory } = pass.options;
  let settled = true;
  let after = "";
  for await (const stretch of stretches(open(pass), namesInMemory)) {
    settled &&= await everythingArchived(pass, signal);
    // The last goes on to the end: a claimed attachment that nothing was to be decided of may be held now.
    const to = stretch.length < namesInMemory ? undefined : stretch.at(-1)?.key;
    await judgeAttachments(pass, { stretch, after, to, settled }, signal);
    after = to ?? after;
  }
}

interface Open {
  readonly key: string;
  /** Whether it is to be kept or let go of. */
  readonly undecided: boolean;
  readonly onHold: boolean;
}

/** Attachments that the facts have to be asked about, in order. */
async function* open(pass: Pass): AsyncGenerator<Open> {
  const { objects } = pass.options;
  for await (const key of objects.list(PREFIX)) {
    const state = await objects.stat(key);
    if (!state) continue;
    const undecided = needsDecision(pass, state);
    if (undecided || state.legalHold) yield { key, undecided, onHold: state.legalHold };
  }
}

function needsDecision(pass: Pass, state: LockedObject): boolean {
  const left = pass.daysLeft(state);
  const fresh = left >= FRESH_DAYS.from && left <= FRESH_DAYS.to;
  return left < pass.options.extendBelowDays && !fresh;
}

/** @param of.after the key before the first that is judged. @param of.to the last one; undefined: whatever follows */
async function judgeAttachments(
  pass: Pass,
  of: { stretch: readonly Open[]; after: string; to: string | undefined; settled: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { objects, facts, graceDays } = pass.options;
  const undecided = new Set(of.stretch.filter((one) => one.undecided).map(({ key }) => key));
  const onHold = new Set(of.stretch.filter((one) => one.onHold).map(({ key }) => key));
  for await (const { sealed, held } of facts.claimed()) {
    signal.throwIfAborted();
    const key = `${PREFIX}${sealed}`;
    if (key <= of.after || (of.to !== undefined && key > of.to)) continue;
    if (!held && !undecided.has(key)) continue;
    const state = await objects.stat(key);
    if (held && state) await pass.hold(key, state, true);
    if (held) onHold.delete(key);
    if (undecided.delete(key)) await pass.keep(key, state);
  }
  for (const key of onHold) {
    // No record that claims it is held any more, whichever there are.
    const state = await objects.stat(key);
    if (state) await pass.hold(key, state, false);
  }
  for (const key of of.settled ? undecided : []) {
    signal.throwIfAborted();
    const state = await objects.stat(key);
    if (state && pass.daysLeft(state) <= -graceDays) await pass.expire(key, state, "attachments");
  }
}

/** Whether what was acknowledged until now is archived, so that an attachment that none claims is claimed by none. */
async function everythingArchived(pass: Pass, signal: AbortSignal): Promise<boolean> {
  try {
    await pass.options.facts.archived(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
    return true;
  } catch {
    signal.throwIfAborted();
    pass.alert(PREFIX, "the archiver is behind: nothing unclaimed was removed");
    return false;
  }
}
