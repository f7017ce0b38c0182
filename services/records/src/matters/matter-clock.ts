import type { Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Division } from "../clocks/calendar.ts";
import {
  calendarMaker,
  calendarsById,
  type CalendarVersion,
  latestCalendar,
  type Moved,
} from "../clocks/calendars.ts";
import { type ClockFacts, reckon, type Reckoning, type Step } from "../clocks/reckon.ts";
import { type Regime, type RegimeId, regimeOf, type VariantId } from "../clocks/regimes.ts";
import type { ClockAfter } from "./matter-facts.ts";
import { countingBy } from "./review-clock.ts";

/** What a matter's row says of its clock. */
export interface ClockRow {
  readonly id: string;
  readonly regime: RegimeId | null;
  readonly rule: number | null;
  readonly variant: VariantId | null;
  readonly nation: Division | null;
  readonly received: string | null;
  readonly set_due: Date | null;
  readonly due: Date | null;
  readonly due_limit: Date | null;
  readonly provisional: boolean;
  readonly calendar: string | null;
  readonly latest: string | null;
}

/** A matter's clock with everything that it follows from. */
export interface MatterClock {
  readonly facts: ClockFacts;
  readonly nation: Division | undefined;
  /** By the version that it began by, and by the newest that counts; both undefined where it counts by none. */
  readonly kept: CalendarVersion | undefined;
  readonly latest: CalendarVersion | undefined;
}

/** A clock as two calendars have it: what it began by, and the newest. */
export interface BothReckonings {
  readonly kept: Reckoning;
  /** Where it counts by bank holidays. */
  readonly latest: Reckoning | undefined;
}

const ROW =
  "id, regime, rule, variant, nation, received, set_due, due, due_limit, provisional, calendar, latest";

interface StepRow {
  readonly matter: string;
  readonly action: string;
  readonly what: string | null;
  readonly on_day: string;
  readonly to_day: string | null;
}

/**
 * The clock of a matter as it stands.
 *
 * @throws {RecordsError} `conflict` where it was opened without a regime
 */
export async function clockOf(tx: Tx, id: string): Promise<MatterClock> {
  const [row] = await tx.query<ClockRow>(`SELECT ${ROW} FROM records.matter WHERE id = $1`, [id]);
  if (!row?.regime)
    throw new RecordsError("conflict", "that matter has no clock: it was opened without a regime");
  const steps = await stepsOf(tx, [id]);
  const versions = await calendarsById(
    tx,
    [row.calendar, row.latest].filter((one) => one !== null),
  );
  return {
    facts: factsOf(row, steps.get(id) ?? []),
    nation: row.nation ?? undefined,
    kept: versions.get(row.calendar ?? ""),
    latest: versions.get(row.latest ?? ""),
  };
}

/** The newest bank holidays, for a clock that begins or begins anew; undefined where it counts by none. */
export async function newestFor(tx: Tx, { calendar }: Regime): Promise<CalendarVersion | undefined> {
  return calendar === undefined ? undefined : latestCalendar(tx);
}

/** Works a clock out by the version that it began by and by the newest. */
export function reckonBoth(clock: MatterClock, calendars = calendarMaker()): BothReckonings {
  const { facts, nation, kept, latest } = clock;
  const began = countingBy(facts.regime, nation, kept, calendars);
  const newest = countingBy(facts.regime, nation, latest, calendars);
  return { kept: reckon(facts, began), latest: newest && reckon(facts, newest) };
}

/** What a fact says of a clock: the earlier date is the target, the later the arguable limit. */
export function afterOf(clock: MatterClock, calendars = calendarMaker()): ClockAfter {
  const { kept, latest } = reckonBoth(clock, calendars);
  const dues = [kept.due, latest?.due ?? null].filter((due) => due !== null).sort();
  const [due = null] = dues;
  const limit = dues.at(-1) ?? null;
  return {
    due,
    limit: limit === due ? null : limit,
    provisional: kept.provisional || latest?.provisional === true,
    waitsFor: kept.waitsFor,
    calendar: clock.kept?.id ?? null,
    latest: clock.latest?.id ?? null,
  };
}

/** Clocks of matters without an answer that another version of the bank holidays moves. */
export async function movedMatters(tx: Tx, next: CalendarVersion): Promise<Moved["moved"]> {
  const rows = await tx.query<ClockRow>(
    `SELECT ${ROW} FROM records.matter
     WHERE latest IS NOT NULL AND closed_at IS NULL AND answered_on IS NULL ORDER BY id`,
  );
  const steps = await stepsOf(
    tx,
    rows.map(({ id }) => id),
  );
  const versions = await calendarsById(
    tx,
    rows.flatMap(({ calendar }) => calendar ?? []),
  );
  const calendars = calendarMaker();
  const moved: Moved["moved"] = [];
  for (const row of rows) {
    const clock = {
      facts: factsOf(row, steps.get(row.id) ?? []),
      nation: row.nation ?? undefined,
      kept: versions.get(row.calendar ?? ""),
      latest: next,
    };
    const { due, limit, provisional } = afterOf(clock, calendars);
    const same = due === iso(row.due) && limit === iso(row.due_limit) && provisional === row.provisional;
    if (!same) moved.push({ matter: row.id, due, limit, provisional });
  }
  return moved;
}

function factsOf(row: ClockRow, steps: readonly Step[]): ClockFacts {
  return {
    regime: regimeOf(row.regime as RegimeId, row.rule ?? undefined, row.variant ?? undefined),
    received: row.received ?? "",
    set: iso(row.set_due) ?? undefined,
    steps,
  };
}

async function stepsOf(tx: Tx, matters: readonly string[]): Promise<Map<string, Step[]>> {
  const rows = await tx.query<StepRow>(
    `SELECT matter, action, what, on_day, to_day FROM records.matter_event
     WHERE matter = ANY ($1::uuid[]) AND action IN ('clarify', 'fee', 'extend') ORDER BY matter, n`,
    [matters],
  );
  const steps = new Map<string, Step[]>();
  for (const row of rows) steps.set(row.matter, [...(steps.get(row.matter) ?? []), stepOf(row)]);
  return steps;
}

function stepOf({ action, what, on_day: on, to_day: to }: StepRow): Step {
  if (action === "extend") return { what: "extended", on, ...(to === null ? {} : { to }) };
  if (action === "clarify")
    return { what: what === "asked" ? "clarification-asked" : "clarification-answered", on };
  return { what: what === "asked" ? "fee-asked" : "fee-paid", on };
}

function iso(date: Date | null): string | null {
  return date && date.toISOString();
}
