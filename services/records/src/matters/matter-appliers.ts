import type { Appliers } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Tx } from "../database.ts";
import type { Fact } from "../facts.ts";
import type { ClockAfter, matterFacts } from "./matter-facts.ts";
import { MATTER_PLACES } from "./matter-places.ts";

type MatterAction = keyof typeof matterFacts;
type MatterFact = Extract<Fact, { action: MatterAction }>;

/** What a line of a matter's history has beside who did what, and when. */
interface Line {
  readonly what?: string;
  readonly on?: string;
  readonly to?: string | undefined;
  readonly person?: string | null;
  readonly words?: string | undefined;
}

async function addLine(tx: Tx, fact: MatterFact, cells: Cells, line: Line = {}): Promise<void> {
  const { action, actor, at, detail } = fact;
  const [row] = await tx.query<{ n: number }>(
    "SELECT count(*)::int + 1 AS n FROM records.matter_event WHERE matter = $1",
    [detail.id],
  );
  const n = row?.n ?? 1;
  await tx.query("INSERT INTO records.matter_event VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", [
    detail.id,
    n,
    action.slice("matter.".length),
    actor,
    at,
    line.what ?? null,
    line.on ?? null,
    line.to ?? null,
    line.person ?? null,
    line.words === undefined ? null : cells.seal(MATTER_PLACES.words(detail.id, n), line.words),
  ]);
}

async function setClock(tx: Tx, id: string, clock: ClockAfter): Promise<void> {
  const { due, limit, provisional, waitsFor, calendar, latest } = clock;
  await tx.query(
    `UPDATE records.matter SET due = $2, due_limit = $3, provisional = $4, waits_for = $5, calendar = $6, latest = $7
     WHERE id = $1`,
    [id, due, limit, provisional, waitsFor, calendar, latest],
  );
}

export const matterAppliers: Appliers<MatterAction> = {
  "matter.open": async (tx, { at, actor, detail }, cells) => {
    const { id, title, kind, due, regime, receivedAt, reference, clock } = detail;
    await tx.query(
      `INSERT INTO records.matter
         (id, title, kind, opened_by, opened_at, due, set_due, regime, rule, nation, received, reference, variant)
       VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12)`,
      [
        id,
        cells.seal(MATTER_PLACES.title(id), title),
        kind,
        actor,
        at,
        due,
        regime?.id ?? null,
        regime?.version ?? null,
        regime?.nation ?? null,
        receivedAt ?? null,
        reference === undefined ? null : cells.seal(MATTER_PLACES.reference(id), reference),
        regime?.variant ?? null,
      ],
    );
    if (clock) await setClock(tx, id, clock);
  },
  "matter.note": (tx, fact, cells) => addLine(tx, fact, cells, { words: fact.detail.text }),
  "matter.assign": async (tx, fact, cells) => {
    const { id, person } = fact.detail;
    await tx.query("UPDATE records.matter SET assigned = $2 WHERE id = $1", [id, person]);
    await addLine(tx, fact, cells, { person });
  },
  "matter.clarify": async (tx, fact, cells) => {
    const { id, what, on, note, clock } = fact.detail;
    await setClock(tx, id, clock);
    await addLine(tx, fact, cells, { what, on, words: note });
  },
  "matter.fee": async (tx, fact, cells) => {
    const { id, what, on, note, clock } = fact.detail;
    await setClock(tx, id, clock);
    await addLine(tx, fact, cells, { what, on, words: note });
  },
  "matter.extend": async (tx, fact, cells) => {
    const { id, on, to, reason, clock } = fact.detail;
    await setClock(tx, id, clock);
    await addLine(tx, fact, cells, { on, to, words: reason });
  },
  "matter.answer": async (tx, fact, cells) => {
    const { id, on, outcome, note } = fact.detail;
    await tx.query("UPDATE records.matter SET answered_on = $2, outcome = $3 WHERE id = $1", [
      id,
      on,
      outcome,
    ]);
    await addLine(tx, fact, cells, { what: outcome, on, words: note });
  },
  "matter.ask-review": async (tx, fact, cells) => {
    const { id, on, note, clock } = fact.detail;
    const { due, limit, atMost, provisional, calendar, latest } = clock;
    await tx.query(
      `UPDATE records.matter SET review_asked = $2, review_due = $3, review_limit = $4, review_most = $5,
         review_provisional = $6, review_calendar = $7, review_latest = $8
       WHERE id = $1`,
      [id, on, due, limit, atMost, provisional, calendar, latest],
    );
    await addLine(tx, fact, cells, { on, words: note });
  },
  "matter.answer-review": async (tx, fact, cells) => {
    const { id, on, outcome, note } = fact.detail;
    await tx.query("UPDATE records.matter SET review_answered = $2, review_outcome = $3 WHERE id = $1", [
      id,
      on,
      outcome,
    ]);
    await addLine(tx, fact, cells, { what: outcome, on, words: note });
  },
  "matter.close": async (tx, fact, cells) => {
    const { at, detail } = fact;
    await tx.query(
      `UPDATE records.matter SET closed_at = $2, outcome = coalesce($3, outcome)
       WHERE id = $1 AND closed_at IS NULL`,
      [detail.id, at, detail.outcome ?? null],
    );
    await addLine(tx, fact, cells, detail.outcome === undefined ? {} : { what: detail.outcome });
  },
};
