import type { Cells } from "../cells.ts";
import type { NewFact } from "../changes.ts";
import { type Day, londonDay } from "../clocks/day.ts";
import type { Step } from "../clocks/reckon.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import { named, type Named, type PersonNames } from "../person-names.ts";
import { afterOf, clockOf, type MatterClock, newestFor, reckonBoth } from "./matter-clock.ts";
import type { Outcome } from "./matter-facts.ts";
import { MATTER_PLACES } from "./matter-places.ts";
import type { Matter, Matters } from "./matters.ts";

/** What a line of a matter's history is of. */
export const HISTORY = [
  "note",
  "assign",
  "clarify",
  "fee",
  "extend",
  "answer",
  "ask-review",
  "answer-review",
  "close",
] as const;

/** One line of a matter's history. */
export interface HistoryLine {
  /** From 1, in the order in which it happened. */
  readonly n: number;
  readonly what: (typeof HISTORY)[number];
  /** `asked`, `answered`, `paid`, or an outcome. */
  readonly detail: string | null;
  readonly by: Named;
  readonly at: string;
  /** The day that it is about. */
  readonly on: Day | null;
  readonly to: Day | null;
  /** To whom it was assigned. */
  readonly person: Named | null;
  readonly words: string | null;
}

interface EventRow {
  readonly n: number;
  readonly action: HistoryLine["what"];
  readonly actor: string;
  readonly at: Date;
  readonly what: string | null;
  readonly on_day: string | null;
  readonly to_day: string | null;
  readonly person: string | null;
  readonly words: Buffer | null;
}

const NEWEST_FIRST: Order<EventRow> = {
  list: "matter-history",
  newestFirst: true,
  columns: [{ sql: "n", type: "int", of: (row) => row.n }],
};

/** Roles that may be given a matter: those that may work on one. */
const WORKERS = ["records-officer", "auditor"];
const MAX_WORKERS = 1_000;

/** What happens to a matter between its opening and its end. Each is an audit event before it counts. */
export class MatterLife {
  readonly #of: {
    readonly database: Database;
    readonly cells: Cells;
    readonly matters: Matters;
    readonly names: PersonNames;
    readonly now: () => Date;
  };

  constructor(of: {
    database: Database;
    cells: Cells;
    matters: Matters;
    names: PersonNames;
    now: () => Date;
  }) {
    this.#of = of;
  }

  note(id: string, text: string, actor: string): Promise<Matter> {
    return this.#of.matters.change(id, actor, () =>
      Promise.resolve({ action: "matter.note", detail: { id, text } }),
    );
  }

  /** @param person null: to nobody @throws {RecordsError} `not-found` when they may not work on matters */
  assign(id: string, person: string | null, actor: string): Promise<Matter> {
    return this.#of.matters.change(id, actor, async (tx) => {
      if (person !== null && !(await workers(tx, person)).includes(person))
        throw new RecordsError("not-found", "nobody of that id may work on matters");
      return { action: "matter.assign", detail: { id, person } };
    });
  }

  /** Everybody to whom a matter may be given, in order of name: 1,000 at most. */
  async workers(): Promise<Named[]> {
    const ids = await workers(this.#of.database);
    const names = await this.#of.names.of(ids);
    return ids
      .map((id) => named(id, names))
      .sort((a, b) => (a.name ?? a.id).localeCompare(b.name ?? b.id, "en-GB"));
  }

  /** The requester was asked what is meant, or has said so. @throws {RecordsError} `conflict`, `bad-request` */
  clarify(
    id: string,
    of: { what: "asked" | "answered"; on: Day; note?: string | undefined },
    actor: string,
  ): Promise<Matter> {
    return this.#step(id, actor, async (tx, clock) => {
      const { clarification } = clock.facts.regime;
      if (clarification === undefined)
        throw conflict("that matter's clock does not stop for a clarification");
      const step: Step = {
        what: of.what === "asked" ? "clarification-asked" : "clarification-answered",
        on: of.on,
      };
      this.#allow(clock, step);
      const restarts = of.what === "answered" && clarification === "restart";
      const newest = restarts ? await newestFor(tx, clock.facts.regime) : undefined;
      // A clock that begins anew begins by what is known then.
      const begun = newest ? { ...clock, kept: newest, latest: newest } : clock;
      return { action: "matter.clarify", detail: { id, ...given(of), clock: afterOf(added(begun, step)) } };
    });
  }

  /** A fees notice was sent, or the fee has come. @throws {RecordsError} `conflict`, `bad-request` */
  fee(
    id: string,
    of: { what: "asked" | "paid"; on: Day; note?: string | undefined },
    actor: string,
  ): Promise<Matter> {
    return this.#step(id, actor, (_tx, clock) => {
      if (!clock.facts.regime.feeStops) throw conflict("that matter's clock does not stop for a fee");
      const step: Step = { what: of.what === "asked" ? "fee-asked" : "fee-paid", on: of.on };
      this.#allow(clock, step);
      return Promise.resolve({
        action: "matter.fee",
        detail: { id, ...given(of), clock: afterOf(added(clock, step)) },
      });
    });
  }

  /** @param of.to the date that was agreed, where the regime has no length for it */
  extend(id: string, of: { on: Day; to?: Day | undefined; reason: string }, actor: string): Promise<Matter> {
    return this.#step(id, actor, (_tx, clock) => {
      const { extension, name } = clock.facts.regime;
      if (!extension) throw conflict(`${name} knows no extension`);
      if ((extension.to === "by-letter") !== (of.to !== undefined))
        throw new RecordsError(
          "bad-request",
          of.to === undefined ? "give the date that was agreed" : `${name} works the date out: give none`,
        );
      if (of.to !== undefined && of.to < of.on)
        throw new RecordsError("bad-request", "the date that was agreed is before the day of the agreement");
      const step: Step = { what: "extended", on: of.on, ...(of.to === undefined ? {} : { to: of.to }) };
      this.#allow(clock, step);
      const { on, to, reason } = of;
      const detail = { id, on, reason, ...(to === undefined ? {} : { to }) };
      return Promise.resolve({
        action: "matter.extend",
        detail: { ...detail, clock: afterOf(added(clock, step)) },
      });
    });
  }

  /** The answer went out: the clock has ended. @throws {RecordsError} `conflict`, `bad-request` */
  answer(
    id: string,
    of: { on: Day; outcome: Outcome; note?: string | undefined },
    actor: string,
  ): Promise<Matter> {
    return this.#of.matters.change(id, actor, (_tx, matter) => {
      if (matter.answeredOn !== null) throw conflict("that matter is answered already");
      this.#notAfterToday(of.on);
      if (matter.receivedAt !== null && of.on < matter.receivedAt.slice(0, of.on.length))
        throw new RecordsError("bad-request", "that is before the authority received it");
      const { on, outcome, note } = of;
      const detail = { id, on, outcome, ...(note === undefined ? {} : { note }) };
      return Promise.resolve({ action: "matter.answer", detail });
    });
  }

  /** Newest first. @throws {RecordsError} `no-such-matter` */
  async history(id: string, request: PageRequest): Promise<Page<HistoryLine>> {
    await this.#of.matters.get(id);
    const select = `SELECT * FROM (SELECT n, action, actor, at, what, on_day, to_day, person, words
      FROM records.matter_event WHERE matter = $1) e`;
    const { entries, next } = await readPage(this.#of.database, select, NEWEST_FIRST, request, [id]);
    const names = await this.#of.names.of(entries.flatMap(({ actor, person }) => [actor, person]));
    return { entries: entries.map((row) => this.#line(id, row, names)), next };
  }

  /** How a matter's dates were found. @throws {RecordsError} `no-such-matter`; `conflict` without a regime */
  async explain(id: string): Promise<{ matter: Matter; clock: MatterClock } & ReturnType<typeof reckonBoth>> {
    const matter = await this.#of.matters.get(id);
    const clock = await clockOf(this.#of.database, id);
    return { matter, clock, ...reckonBoth(clock) };
  }

  #step(
    id: string,
    actor: string,
    decide: (tx: Tx, clock: MatterClock) => Promise<NewFact>,
  ): Promise<Matter> {
    return this.#of.matters.change(id, actor, async (tx, matter) => {
      if (matter.answeredOn !== null) throw conflict("that matter is answered: its clock has ended");
      return decide(tx, await clockOf(tx, id));
    });
  }

  /** @throws {RecordsError} `bad-request`, `conflict`: it cannot have happened then, or changes nothing */
  #allow(clock: MatterClock, step: Step): void {
    const { steps, regime } = clock.facts;
    const { kept, latest } = reckonBoth(clock);
    const { what, on } = step;
    this.#notAfterToday(on);
    const before = steps.at(-1)?.on ?? kept.from;
    if (on < before)
      throw new RecordsError("bad-request", "that is before what happened last: see its history");
    const waits = kept.waitsFor;
    if (what === "clarification-answered" && waits !== "clarification")
      throw conflict("nobody asked for a clarification");
    if (what === "fee-paid" && waits !== "fee") throw conflict("no fees notice was sent");
    if (what === "clarification-answered" || what === "fee-paid") return;
    if (waits !== null) throw conflict("the clock stands already: say first that what it waits for has come");
    const last = [kept.due, latest?.due]
      .filter((due) => typeof due === "string")
      .sort()
      .at(-1);
    if (what === "extended" && kept.extended && regime.extension?.to !== "by-letter")
      throw conflict("that matter is extended already");
    if (last !== undefined && on > londonDay(new Date(last)))
      throw conflict("the answer was due before that day: nothing moves that any more");
  }

  #notAfterToday(on: Day): void {
    if (on > londonDay(this.#of.now())) throw new RecordsError("bad-request", "that day is still to come");
  }

  #line(id: string, row: EventRow, names: ReadonlyMap<string, string>): HistoryLine {
    return {
      n: row.n,
      what: row.action,
      detail: row.what,
      by: named(row.actor, names),
      at: row.at.toISOString(),
      on: row.on_day,
      to: row.to_day,
      person: row.person === null ? null : named(row.person, names),
      words: row.words && this.#of.cells.open(MATTER_PLACES.words(id, row.n), row.words),
    };
  }
}

function added(clock: MatterClock, step: Step): MatterClock {
  return { ...clock, facts: { ...clock.facts, steps: [...clock.facts.steps, step] } };
}

/** Without a note that was not given. */
function given<What extends string>(of: { what: What; on: Day; note?: string | undefined }) {
  const { what, on, note } = of;
  return { what, on, ...(note === undefined ? {} : { note }) };
}

/** @param id one of them alone */
async function workers(tx: Tx, id?: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `SELECT p.id FROM records.person p
     WHERE p.kind = 'person' AND ($1::text IS NULL OR p.id = $1) AND (
       p.roles && $2 AND p.ended_at IS NULL OR EXISTS (
         SELECT FROM records.token t WHERE t.person = p.id AND t.roles && $2 AND t.revoked_at IS NULL))
     ORDER BY p.id LIMIT ${MAX_WORKERS}`,
    [id ?? null, WORKERS],
  );
  return rows.map((row) => row.id);
}

function conflict(why: string): RecordsError {
  return new RecordsError("conflict", why);
}
