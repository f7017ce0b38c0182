import type { Division } from "../clocks/calendar.ts";
import { MAX_MOVED } from "../clocks/calendar-facts.ts";
import { calendarMaker, calendarsById, type CalendarVersion, type Moved } from "../clocks/calendars.ts";
import { type RegimeId, regimeOf, type VariantId } from "../clocks/regimes.ts";
import type { Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { movedMatters } from "./matter-clock.ts";
import { reviewAfterOf } from "./review-clock.ts";

interface ReviewRow {
  readonly id: string;
  readonly regime: RegimeId;
  readonly rule: number;
  readonly variant: VariantId | null;
  readonly nation: Division | null;
  readonly asked: string;
  readonly due: Date;
  readonly due_limit: Date | null;
  readonly most: Date | null;
  readonly provisional: boolean;
  readonly calendar: string;
}

/**
 * Open clocks that another version of the bank holidays moves.
 *
 * @throws {RecordsError} `too-many` above 10,000 of them
 */
export async function movedBy(tx: Tx, next: CalendarVersion): Promise<Moved> {
  const moved = await movedMatters(tx, next);
  const reviews = await movedReviews(tx, next);
  if (moved.length > MAX_MOVED || reviews.length > MAX_MOVED)
    throw new RecordsError(
      "too-many",
      `that moves more than ${MAX_MOVED} open clocks: close what is answered`,
    );
  return { moved, reviews };
}

async function movedReviews(tx: Tx, next: CalendarVersion): Promise<Moved["reviews"]> {
  const rows = await tx.query<ReviewRow>(
    `SELECT id, regime, rule, variant, nation, review_asked AS asked, review_due AS due, review_limit AS due_limit,
       review_most AS most, review_provisional AS provisional, review_calendar AS calendar
     FROM records.matter
     WHERE review_latest IS NOT NULL AND closed_at IS NULL AND review_answered IS NULL ORDER BY id`,
  );
  const versions = await calendarsById(
    tx,
    rows.map(({ calendar }) => calendar),
  );
  const calendars = calendarMaker();
  return rows.flatMap((row) => {
    const kept = versions.get(row.calendar) ?? next;
    const regime = regimeOf(row.regime, row.rule, row.variant ?? undefined);
    const clock = { regime, nation: row.nation ?? undefined, asked: row.asked, kept, latest: next };
    const { due, limit, atMost, provisional } = reviewAfterOf(clock, calendars);
    const same =
      due === row.due.toISOString() &&
      limit === (row.due_limit?.toISOString() ?? null) &&
      atMost === (row.most?.toISOString() ?? null) &&
      provisional === row.provisional;
    return same ? [] : [{ matter: row.id, due, limit, atMost, provisional }];
  });
}
