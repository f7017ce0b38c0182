import type { Appliers } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Tx } from "../database.ts";
import type { Fact } from "../facts.ts";
import { CALENDAR_PLACES } from "./calendar-places.ts";

type CalendarAction = "calendar.import" | "calendar.proclaim" | "calendar.withdraw";
type CalendarFact = Extract<Fact, { action: CalendarAction }>;

/** A new version of the bank holidays, and what it moves. */
async function applyVersion(tx: Tx, fact: CalendarFact, cells: Cells): Promise<void> {
  const { action, actor, at, detail } = fact;
  const { id, number, holidays, source, moved, reviews = [] } = detail;
  await tx.query("INSERT INTO records.calendar_version VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", [
    id,
    number,
    action.slice("calendar.".length),
    JSON.stringify(holidays),
    cells.seal(CALENDAR_PLACES.source(id), source),
    action === "calendar.import" ? null : fact.detail.day,
    action === "calendar.import" ? null : fact.detail.divisions,
    actor,
    at,
  ]);
  await tx.query(
    `UPDATE records.matter SET latest = $1
     WHERE latest IS NOT NULL AND closed_at IS NULL AND answered_on IS NULL`,
    [id],
  );
  await tx.query(
    `UPDATE records.matter m SET due = u.due, due_limit = u.due_limit, provisional = u.provisional
     FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::boolean[]) u (id, due, due_limit, provisional)
     WHERE m.id = u.id`,
    [
      moved.map(({ matter }) => matter),
      moved.map(({ due }) => due),
      moved.map(({ limit }) => limit),
      moved.map(({ provisional }) => provisional),
    ],
  );
  await tx.query(
    `UPDATE records.matter SET review_latest = $1
     WHERE review_latest IS NOT NULL AND closed_at IS NULL AND review_answered IS NULL`,
    [id],
  );
  await tx.query(
    `UPDATE records.matter m
     SET review_due = u.due, review_limit = u.due_limit, review_most = u.most, review_provisional = u.provisional
     FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::boolean[])
       u (id, due, due_limit, most, provisional)
     WHERE m.id = u.id`,
    [
      reviews.map(({ matter }) => matter),
      reviews.map(({ due }) => due),
      reviews.map(({ limit }) => limit),
      reviews.map(({ atMost }) => atMost),
      reviews.map(({ provisional }) => provisional),
    ],
  );
}

export const calendarAppliers: Appliers<CalendarAction> = {
  "calendar.import": applyVersion,
  "calendar.proclaim": applyVersion,
  "calendar.withdraw": applyVersion,
};
