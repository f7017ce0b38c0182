import type { Pass } from "./pass.ts";

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
  const { objects, facts, extendBelowDays, graceDays } = pass.options;
  const undecided = new Set<string>();
  const onHold = new Set<string>();
  for await (const key of objects.list(PREFIX)) {
    const state = await objects.stat(key);
    if (!state) continue;
    if (state.legalHold) onHold.add(key);
    const left = pass.daysLeft(state);
    const fresh = left >= FRESH_DAYS.from && left <= FRESH_DAYS.to;
    if (left < extendBelowDays && !fresh) undecided.add(key);
  }
  const settled = await everythingArchived(pass, signal);
  for await (const { sealed, held } of facts.claimed()) {
    const key = `${PREFIX}${sealed}`;
    if (!held && !onHold.has(key) && !undecided.has(key)) continue;
    const state = await objects.stat(key);
    if (state) await pass.hold(key, state, held);
    if (undecided.delete(key)) await pass.keep(key, state);
    onHold.delete(key);
  }
  for (const key of onHold) {
    // Its record was disposed of, or never was: nothing is held here any more.
    const state = await objects.stat(key);
    if (state) await pass.hold(key, state, false);
  }
  for (const key of settled ? undecided : []) {
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
