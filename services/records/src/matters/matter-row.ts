import type { Cells } from "../cells.ts";
import type { Division } from "../clocks/calendar.ts";
import { type RegimeId, regimeOf, type VariantId } from "../clocks/regimes.ts";
import { named } from "../person-names.ts";
import type { MatterKind, Outcome, ReviewOutcome } from "./matter-facts.ts";
import { MATTER_PLACES } from "./matter-places.ts";
import { stateOf } from "./matter-state.ts";
import type { Matter, MatterReview } from "./matters.ts";

/** A matter as the table has it: see `MATTER_COLUMNS`. */
export interface MatterRow {
  readonly id: string;
  readonly title: Buffer;
  readonly kind: MatterKind;
  readonly opened_at: Date;
  readonly due: Date | null;
  readonly closed_at: Date | null;
  readonly reference: Buffer | null;
  readonly regime: RegimeId | null;
  readonly received: string | null;
  readonly nation: Division | null;
  readonly due_limit: Date | null;
  readonly provisional: boolean;
  readonly waits_for: Matter["waitsFor"];
  readonly answered_on: string | null;
  readonly outcome: Outcome | null;
  readonly assigned: string | null;
  readonly rule: number | null;
  readonly variant: VariantId | null;
  readonly review_asked: string | null;
  readonly review_due: Date | null;
  readonly review_limit: Date | null;
  readonly review_most: Date | null;
  readonly review_provisional: boolean;
  readonly review_answered: string | null;
  readonly review_outcome: ReviewOutcome | null;
  /** What it sorts by: far ahead for what has no date any more, or not yet. */
  readonly by_due: Date;
}

/** What to select of `records.matter` for `matterOf`. */
export const MATTER_COLUMNS = `id, title, kind, opened_at, due, closed_at, reference, regime, received, nation, due_limit, provisional,
  waits_for, answered_on, outcome, assigned, rule, variant, review_asked, review_due, review_limit, review_most,
  review_provisional, review_answered, review_outcome,
  CASE WHEN closed_at IS NOT NULL THEN '9999-12-31T00:00:00Z'::timestamptz
    ELSE least(CASE WHEN answered_on IS NULL THEN due END, CASE WHEN review_answered IS NULL THEN review_due END,
      '9999-12-31T00:00:00Z') END AS by_due`;

/** @param names of whom it is assigned to */
export function matterOf(
  row: MatterRow,
  { cells, now }: { readonly cells: Cells; readonly now: () => Date },
  names: ReadonlyMap<string, string>,
): Matter {
  const iso = (date: Date | null) => date && date.toISOString();
  const matter = {
    id: row.id,
    title: cells.open(MATTER_PLACES.title(row.id), row.title),
    kind: row.kind,
    openedAt: row.opened_at.toISOString(),
    due: iso(row.due),
    closedAt: iso(row.closed_at),
    reference: row.reference && cells.open(MATTER_PLACES.reference(row.id), row.reference),
    regime: row.regime,
    receivedAt: row.received,
    nation: row.nation,
    variant: row.variant,
    dueLimit: iso(row.due_limit),
    provisional: row.provisional,
    waitsFor: row.waits_for,
    answeredOn: row.answered_on,
    outcome: row.outcome,
    assignedTo: row.assigned === null ? null : named(row.assigned, names),
  };
  return { ...matter, state: stateOf(matter, now()), review: reviewIn(row, now()) };
}

function reviewIn(row: MatterRow, now: Date): MatterReview | null {
  const { review_asked: askedOn, review_due: dueAt, regime } = row;
  if (askedOn === null || dueAt === null || regime === null) return null;
  const due = dueAt.toISOString();
  const answeredOn = row.review_answered;
  const closedAt = row.closed_at?.toISOString() ?? null;
  return {
    askedOn,
    due,
    dueLimit: row.review_limit?.toISOString() ?? null,
    atMost: row.review_most?.toISOString() ?? null,
    provisional: row.review_provisional,
    statutory: regimeOf(regime, row.rule ?? undefined).review?.statutory === true,
    state: stateOf({ due, closedAt, waitsFor: null, answeredOn }, now),
    answeredOn,
    outcome: row.review_outcome,
  };
}
