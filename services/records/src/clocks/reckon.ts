import type { Calendar, Division, Free } from "./calendar.ts";
import { addDays, addMonths, type Day, daysBetween, endOfDay, londonDay } from "./day.ts";
import type { Regime } from "./regimes.ts";

/** What happened on the way to an answer, in the order in which it happened. */
export type Step =
  | {
      readonly what: "clarification-asked" | "clarification-answered" | "fee-asked" | "fee-paid";
      readonly on: Day;
    }
  /** `to`: the date that was agreed, where the regime has no length of its own for it. */
  | { readonly what: "extended"; readonly on: Day; readonly to?: Day };

/** Everything that a date follows from, but for the calendar. */
export interface ClockFacts {
  readonly regime: Regime;
  /** When the authority received it: a day, or an instant where hours count. */
  readonly received: string;
  /** The date that a letter sets, or that was set in place of the hours: RFC 3339. */
  readonly set?: string | undefined;
  readonly steps: readonly Step[];
}

/** One line of how a date was found. */
export interface DayLine {
  readonly day: Day;
  /** Which working day it is, from 1; null where it does not count. */
  readonly counts: number | null;
  readonly why: "receipt" | "counted" | "stopped" | "month-end" | "stopped-days" | Free["why"];
  /** Of a bank holiday. */
  readonly title?: string;
  readonly in?: readonly Division[];
  /** Of `stopped-days`: how many are added. */
  readonly days?: number;
}

export interface Reckoning {
  /** The last moment of the last day, RFC 3339; null while it waits for the requester. */
  readonly due: string | null;
  readonly waitsFor: "clarification" | "fee" | null;
  /** Whether a year counts whose bank holidays are not known yet. */
  readonly provisional: boolean;
  /** The day from which it counts: that of receipt, or of the clarification that came. */
  readonly from: Day;
  /** From when to hurry. */
  readonly promptBy: Day | null;
  /** By when an extension has to be told: the date without it. */
  readonly noticeBy: Day | null;
  readonly extended: boolean;
  readonly days: readonly DayLine[];
}

/** A span in which the clock stands: both days included. */
interface Stop {
  readonly what: "clarification" | "fee";
  readonly from: Day;
  /** Undefined while nobody answered. */
  readonly to: Day | undefined;
}

const HOUR_MS = 3_600_000;

/**
 * Works out until when a matter has to be answered. Of the same facts and calendar always the same.
 *
 * @param calendar may only be left out where the regime has none
 */
export function reckon(facts: ClockFacts, calendar: Calendar | undefined): Reckoning {
  const { regime } = facts;
  if (regime.unit === "fixed" || regime.unit === "hours") return reckonSet(facts);
  if (!calendar) throw new Error(`${regime.id} counts by a calendar`);
  return regime.unit === "months" ? reckonMonths(facts, calendar) : reckonDays(facts, calendar);
}

function reckonSet({ regime, received, set, steps }: ClockFacts): Reckoning {
  const agreed = steps.findLast((step) => step.what === "extended")?.to;
  const hours = new Date(Date.parse(received) + regime.length * HOUR_MS).toISOString();
  return {
    due: agreed === undefined ? (set ?? hours) : endOfDay(agreed).toISOString(),
    waitsFor: null,
    provisional: false,
    from: londonDay(new Date(received)),
    promptBy: null,
    noticeBy: null,
    extended: agreed !== undefined,
    days: [],
  };
}

function reckonDays(facts: ClockFacts, calendar: Calendar): Reckoning {
  const { regime } = facts;
  const { from, steps } = begun(facts);
  const stops = stopsOf(steps);
  const waitsFor = stops.find(({ to }) => to === undefined)?.what ?? null;
  const extended = steps.some(({ what }) => what === "extended");
  const { extension } = regime;
  const length = extended && typeof extension?.to === "number" ? extension.to : regime.length;
  // What waits is counted as far as a notice or a payment goes, not further.
  const days = waitsFor ? [receipt(from)] : count(from, length, calendar, stops);
  const nth = (n: number | undefined) => days.find(({ counts }) => counts === n)?.day ?? null;
  const last = days.at(-1)?.day ?? from;
  return {
    due: waitsFor ? null : endOfDay(last).toISOString(),
    waitsFor,
    provisional: !calendar.knows(from) || !calendar.knows(last),
    from,
    promptBy: nth(regime.remindAt),
    noticeBy: extension ? nth(regime.length) : null,
    extended,
    days,
  };
}

function count(from: Day, length: number, calendar: Calendar, stops: readonly Stop[]): DayLine[] {
  const days = [receipt(from)];
  for (let at = from, counted = 0; counted < length;) {
    at = addDays(at, 1);
    const free = calendar.free(at);
    if (free) days.push({ day: at, counts: null, ...free });
    else if (stops.some(({ from: first, to }) => first <= at && (to === undefined || at <= to)))
      days.push({ day: at, counts: null, why: "stopped" });
    else days.push({ day: at, counts: (counted += 1), why: "counted" });
  }
  return days;
}

function reckonMonths(facts: ClockFacts, calendar: Calendar): Reckoning {
  const { regime } = facts;
  const { from, steps } = begun(facts);
  const stops = stopsOf(steps);
  const waitsFor = stops.find(({ to }) => to === undefined)?.what ?? null;
  const extended = steps.some(({ what }) => what === "extended");
  const { extension } = regime;
  const months = extended && typeof extension?.to === "number" ? extension.to : regime.length;
  const stopped = stops.reduce((sum, { from: first, to = first }) => sum + daysBetween(first, to), 0);
  const first = rolled(from, regime.length, stopped, calendar);
  const days = rolled(from, months, stopped, calendar);
  const last = days.at(-1)?.day ?? from;
  return {
    due: waitsFor ? null : endOfDay(last).toISOString(),
    waitsFor,
    provisional: !calendar.knows(last),
    from,
    promptBy: null,
    noticeBy: extension ? (first.at(-1)?.day ?? null) : null,
    extended,
    days: waitsFor ? [receipt(from)] : days,
  };
}

/** The same date months on, later by the days that the clock stood, and the next working day where it is none. */
function rolled(from: Day, months: number, stopped: number, calendar: Calendar): DayLine[] {
  const monthsOn = addMonths(from, months);
  const days: DayLine[] = [receipt(from), { day: monthsOn, counts: null, why: "month-end" }];
  let last = addDays(monthsOn, stopped);
  if (stopped > 0) days.push({ day: last, counts: null, why: "stopped-days", days: stopped });
  for (let free = calendar.free(last); free; free = calendar.free(last)) {
    days.push({ day: last, counts: null, ...free });
    last = addDays(last, 1);
  }
  return days.at(-1)?.day === last ? days : [...days, { day: last, counts: null, why: "counted" }];
}

/** From which day it counts, and what came after: where a clarification restarts it, the day of the last one. */
function begun({ regime, received, steps }: ClockFacts): { from: Day; steps: readonly Step[] } {
  const at = regime.clarification === "restart" ? steps.findLastIndex(isAnswer) : -1;
  const restart = steps[at];
  return restart ? { from: restart.on, steps: steps.slice(at + 1) } : { from: received, steps };
}

function isAnswer({ what }: Step): boolean {
  return what === "clarification-answered";
}

function stopsOf(steps: readonly Step[]): Stop[] {
  const ends = { clarification: "clarification-answered", fee: "fee-paid" } as const;
  return steps.flatMap(({ what, on }, i): Stop[] => {
    if (what !== "clarification-asked" && what !== "fee-asked") return [];
    const kind = what === "fee-asked" ? "fee" : "clarification";
    const end = steps.slice(i + 1).find((later) => later.what === ends[kind]);
    return [{ what: kind, from: on, to: end?.on }];
  });
}

function receipt(from: Day): DayLine {
  return { day: from, counts: null, why: "receipt" };
}
