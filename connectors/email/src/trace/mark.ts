import { z } from "zod";

export const DAY_MS = 86_400_000;
/** After so many days, one that does not agree is asked for no more. Microsoft keeps 90. */
const OPEN_DAYS = 30;
/** A day with mail in quarantine is asked for again so long after it was, until nothing is held there, or the day is too old. */
const HELD_MS = DAY_MS;
/** A day that is so late has something in its way. */
const LATE_MS = 2 * DAY_MS;

/** A day that was asked for and does not agree yet. Days are their beginnings, UTC, milliseconds since 1970. */
const openDay = z.object({
  day: z.int(),
  askedAt: z.int(),
  /** How many messages the tenant had of it, and how many of those were missing here: at least, while it is not whole. */
  theirs: z.int(),
  missing: z.int(),
  /** Of the gap that was recorded last. */
  gap: z.string().optional(),
});
export type OpenDay = z.infer<typeof openDay>;

/** A day of which the tenant stopped messages that no journal told of, and the notice that was recorded of it last. */
const stoppedDay = z.object({
  day: z.int(),
  failed: z.int(),
  /** Of a day that is not done with these may yet be let go. */
  quarantined: z.int(),
  notice: z.string(),
  askedAt: z.int().default(0),
  /** How many other messages the tenant had of it. */
  theirs: z.int().default(0),
});
export type StoppedDay = z.infer<typeof stoppedDay>;

/** How far a mailbox was compared. */
export const mark = z.object({
  account: z.string(),
  /** The first day that is not done with. */
  from: z.int(),
  /** After that. */
  agreed: z.array(z.int()),
  open: z.array(openDay),
  /** Of the last days. */
  stopped: z.array(stoppedDay).default([]),
});
export type Mark = z.infer<typeof mark>;

/** From the first whole day on: what a journal told of before, nobody noted. */
export function firstMark(account: string, now: number): Mark {
  return { account, from: Math.ceil(now / DAY_MS) * DAY_MS, agreed: [], open: [], stopped: [] };
}

export interface Due {
  readonly now: number;
  /** So long after its end a day is compared: the trace and the journal are both late. */
  readonly settleMs: number;
  /** So long after it was, one that did not agree is asked for again. */
  readonly againMs: number;
}

/** The days to compare now, oldest first; then one of which mail was held, where that is due: others wait for the next look. */
export function dueDays(of: Mark, { now, settleMs, againMs }: Due): number[] {
  const days = settledDays(of, now - settleMs).filter((day) => !of.agreed.includes(day));
  const due = days.filter((day) => {
    const asked = of.open.find((one) => one.day === day);
    return asked ? now - asked.askedAt >= againMs : !heldOf(of, day);
  });
  const [held] = days
    .flatMap((day) => heldOf(of, day) ?? [])
    .filter(({ askedAt }) => now - askedAt >= HELD_MS)
    .sort((a, b) => a.askedAt - b.askedAt);
  return held ? [...due, held.day] : due;
}

/** A day that agreed when it was asked for last, but for what was in quarantine then. */
export function heldOf(of: Mark, day: number): StoppedDay | undefined {
  if (of.agreed.includes(day) || of.open.some((one) => one.day === day)) return undefined;
  return of.stopped.find((one) => one.day === day && one.quarantined > 0);
}

function settledDays({ from }: Mark, until: number): number[] {
  const count = Math.max(0, Math.floor((until - from) / DAY_MS));
  return Array.from({ length: Math.min(count, OPEN_DAYS + 1) }, (_, n) => from + n * DAY_MS);
}

/** Whether a day should have been compared long since, and neither agrees nor is known to lack anything. */
export function isBehind(of: Mark, { now, settleMs }: Due): boolean {
  return settledDays(of, now - settleMs - LATE_MS).some((day) => !isKnown(of, day));
}

function isKnown(of: Mark, day: number): boolean {
  const isMissing = of.open.some((one) => one.day === day && one.missing > 0);
  return of.agreed.includes(day) || isMissing || heldOf(of, day) !== undefined;
}

/** @param isHeld whether mail of it is in quarantine: it may yet be let go */
export function agreeing(of: Mark, day: number, isHeld: boolean): Mark {
  return advanced({
    ...of,
    agreed: isHeld ? of.agreed : [...of.agreed, day],
    open: of.open.filter((one) => one.day !== day),
  });
}

export function differing(of: Mark, one: OpenDay): Mark {
  return { ...of, open: [...of.open.filter(({ day }) => day !== one.day), one] };
}

/** @param one undefined where nothing was stopped on the day */
export function stopping(of: Mark, day: number, one: StoppedDay | undefined): Mark {
  return { ...of, stopped: [...of.stopped.filter((other) => other.day !== day), ...(one ? [one] : [])] };
}

/** Days that are too old to ask for again end; those of them that were never had whole are intervals of which nothing is known. */
export function ended(of: Mark, now: number): { mark: Mark; unknown: { from: number; to: number }[] } {
  const oldest = Math.floor(now / DAY_MS) * DAY_MS - (OPEN_DAYS + 1) * DAY_MS;
  const unknown: { from: number; to: number }[] = [];
  for (let day = of.from; day < oldest; day += DAY_MS) {
    const last = unknown.at(-1);
    if (isKnown(of, day)) continue;
    if (last?.to === day) last.to += DAY_MS;
    else unknown.push({ from: day, to: day + DAY_MS });
  }
  const from = Math.max(of.from, oldest);
  const left = {
    ...of,
    from,
    open: of.open.filter(({ day }) => day >= from),
    stopped: of.stopped.filter(({ day }) => day >= oldest),
  };
  return { mark: advanced({ ...left, agreed: of.agreed.filter((day) => day >= from) }), unknown };
}

function advanced(of: Mark): Mark {
  let { from } = of;
  while (of.agreed.includes(from)) from += DAY_MS;
  return { ...of, from, agreed: of.agreed.filter((day) => day > from) };
}
