import { RecordsError } from "../error.ts";
import { type Day, londonDay, startOfDay } from "../clocks/day.ts";
import type { Regime } from "../clocks/regimes.ts";
import type { Matter, NewMatter } from "./matters.ts";

/** Where a matter stands with its clock. */
export const CLOCK_STATES = [
  "overdue",
  "due-soon",
  "running",
  "waiting",
  "no-date",
  "answered",
  "answered-late",
  "closed",
] as const;
export type ClockState = (typeof CLOCK_STATES)[number];

/** How long before it is due a matter is due soon. */
const SOON_MS = 5 * 86_400_000;
const FIRST_DAY = "2019-01-01";

type Told = Pick<Matter, "due" | "closedAt" | "waitsFor" | "answeredOn">;

export function stateOf({ due, closedAt, waitsFor, answeredOn }: Told, now: Date): ClockState {
  if (answeredOn !== null)
    return due !== null && answeredOn > londonDay(new Date(due)) ? "answered-late" : "answered";
  if (closedAt !== null) return "closed";
  if (waitsFor !== null) return "waiting";
  if (due === null) return "no-date";
  const left = Date.parse(due) - now.getTime();
  if (left < 0) return "overdue";
  return left <= SOON_MS ? "due-soon" : "running";
}

/**
 * When it was received, as its regime takes it.
 *
 * @throws {RecordsError} `bad-request`: what is given does not fit the regime
 */
export function receiptOf(regime: Regime, of: NewMatter, now: Date): string {
  const { kind, due, receivedAt, nation } = of;
  const bad = (why: string) => new RecordsError("bad-request", why);
  if (regime.kind !== kind) throw bad(`a matter of kind ${kind} does not run by ${regime.name}`);
  if (regime.calendar !== undefined && due !== null)
    throw bad(`${regime.name} works its date out: give none`);
  if (regime.unit === "fixed" && due === null) throw bad("give the date that the letter sets");
  if (nation !== undefined && regime.calendar !== "nation")
    throw bad(`${regime.name} has bank holidays of its own: give no nation`);
  if (receivedAt === undefined) throw bad("say when the authority received it");
  if (Date.parse(receivedAt) > now.getTime() && dayOf(receivedAt) > londonDay(now))
    throw bad("it cannot have been received after today");
  if (dayOf(receivedAt) < FIRST_DAY) throw bad("bank holidays are known from 2019 on");
  if (regime.unit !== "hours") return dayOf(receivedAt);
  // Of a day it is not known at which hour: the earliest is the safe one.
  return receivedAt.length === FIRST_DAY.length ? startOfDay(receivedAt).toISOString() : receivedAt;
}

function dayOf(receivedAt: string): Day {
  return receivedAt.length === FIRST_DAY.length ? receivedAt : londonDay(new Date(receivedAt));
}
