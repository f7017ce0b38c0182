import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { Cells } from "../cells.ts";
import type { Changes, NewFact } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Detail } from "../facts.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import {
  type BankHolidays,
  Calendar,
  type Counting,
  type Division,
  type govUkFile,
  SHIPPED,
  succeed,
  withDay,
  withoutDay,
  yearsOf,
} from "./calendar.ts";
import { CALENDAR_PLACES } from "./calendar-places.ts";
import type { Day } from "./day.ts";

/** One version of the bank holidays. */
export interface CalendarVersion {
  readonly id: string;
  /** From 1. */
  readonly number: number;
  readonly holidays: BankHolidays;
}

/** What made a version, without its days. */
export interface CalendarSummary {
  readonly id: string;
  readonly number: number;
  readonly kind: "import" | "proclaim" | "withdraw";
  /** Where it is from, or by what the day was proclaimed or withdrawn. */
  readonly source: string;
  readonly day: Day | null;
  readonly divisions: readonly Division[] | null;
  /** The last year of which every division's holidays are known. */
  readonly knownTo: number;
  readonly addedBy: string;
  readonly addedAt: string;
}

interface VersionRow {
  readonly id: string;
  readonly number: number;
  readonly kind: CalendarSummary["kind"];
  readonly holidays: BankHolidays;
  readonly source: Buffer;
  readonly day: string | null;
  readonly divisions: Division[] | null;
  readonly added_by: string;
  readonly added_at: Date;
}

const COLUMNS = "id, number, kind, holidays, source, day, divisions, added_by, added_at";
const NEWEST_FIRST: Order<VersionRow> = {
  list: "calendars",
  newestFirst: true,
  columns: [{ sql: "number", type: "int", of: (row) => row.number }],
};

/** Open clocks that a version moves: of matters, and of their reviews. */
export interface Moved {
  readonly moved: Detail<"calendar.import">["moved"];
  readonly reviews: NonNullable<Detail<"calendar.import">["reviews"]>;
}

/** A version that is about to be made. */
type Next = Pick<Detail<"calendar.import">, "id" | "number" | "holidays" | "moved" | "reviews">;

export interface CalendarsOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  /** Open clocks whose dates another version moves. */
  readonly movedBy: (tx: Tx, next: CalendarVersion) => Promise<Moved>;
}

/** The bank holidays that clocks count by, as versions: each change makes a new one, and none is ever altered. */
export class Calendars {
  readonly #of: CalendarsOptions;

  constructor(options: CalendarsOptions) {
    this.#of = options;
  }

  /** Brings in what Daybook ships, where nothing is known or less. May be repeated. */
  async ensure(actor: string): Promise<void> {
    await this.#of.changes.make(actor, async (tx) => {
      const latest = await findLatest(tx);
      if (latest && knownTo(latest.holidays) >= knownTo(SHIPPED.holidays)) return { result: undefined };
      const holidays = latest ? succeed(latest.holidays, SHIPPED.holidays) : SHIPPED.holidays;
      const next = await this.#next(tx, latest, holidays);
      return {
        fact: { action: "calendar.import", detail: { ...next, source: SHIPPED.source } },
        result: undefined,
      };
    });
  }

  /** A newer file of gov.uk's. @param source where it was had from, and when @throws {RecordsError} `bad-request` */
  import(file: z.infer<typeof govUkFile>, source: string, actor: string): Promise<CalendarSummary> {
    return this.#make(
      actor,
      (known) => succeed(known, file),
      (next) => ({ action: "calendar.import", detail: { ...next, source } }),
    );
  }

  /** A day that was proclaimed after gov.uk's file. @throws {RecordsError} `conflict`, `bad-request` */
  proclaim(
    of: { day: Day; title: string; divisions: Division[]; source: string },
    actor: string,
  ): Promise<CalendarSummary> {
    const { day: date, title, divisions, source } = of;
    const added = {
      title,
      date,
      notes: "Extra bank holiday",
      bunting: false,
      proclaimed: source.slice(0, 200),
    };
    return this.#make(
      actor,
      (known) => withDay(known, divisions, added),
      (next) => ({ action: "calendar.proclaim", detail: { ...next, ...of } }),
    );
  }

  /** Takes a proclaimed day back. @throws {RecordsError} `not-found` */
  withdraw(of: { day: Day; divisions: Division[]; source: string }, actor: string): Promise<CalendarSummary> {
    return this.#make(
      actor,
      (known) => withoutDay(known, of.divisions, of.day),
      (next) => ({ action: "calendar.withdraw", detail: { ...next, ...of } }),
    );
  }

  /** Newest first. */
  async list(request: PageRequest): Promise<Page<CalendarSummary>> {
    const select = `SELECT ${COLUMNS} FROM records.calendar_version`;
    const { entries, next } = await readPage(this.#of.database, select, NEWEST_FIRST, request);
    return { entries: entries.map((row) => this.#summary(row)), next };
  }

  /** @throws {RecordsError} `not-found` */
  async get(id: string): Promise<CalendarSummary & { holidays: BankHolidays }> {
    const [row] = await this.#of.database.query<VersionRow>(
      `SELECT ${COLUMNS} FROM records.calendar_version WHERE id = $1`,
      [id],
    );
    if (!row) throw new RecordsError("not-found", "there is no such version of the bank holidays");
    return { ...this.#summary(row), holidays: row.holidays };
  }

  async #make(
    actor: string,
    change: (known: BankHolidays) => BankHolidays,
    factOf: (next: Next) => NewFact,
  ): Promise<CalendarSummary> {
    await this.ensure(actor);
    const id = await this.#of.changes.make(actor, async (tx) => {
      const latest = await latestCalendar(tx);
      const next = await this.#next(tx, latest, change(latest.holidays));
      return { fact: factOf(next), result: next.id };
    });
    return this.get(id);
  }

  async #next(tx: Tx, latest: CalendarVersion | undefined, holidays: BankHolidays): Promise<Next> {
    const made = { id: randomUUID(), number: (latest?.number ?? 0) + 1, holidays };
    return { ...made, ...(await this.#of.movedBy(tx, made)) };
  }

  #summary(row: VersionRow): CalendarSummary {
    return {
      id: row.id,
      number: row.number,
      kind: row.kind,
      source: this.#of.cells.open(CALENDAR_PLACES.source(row.id), row.source),
      day: row.day,
      divisions: row.divisions,
      knownTo: knownTo(row.holidays),
      addedBy: row.added_by,
      addedAt: row.added_at.toISOString(),
    };
  }
}

/** @throws {RecordsError} `starting`: not even what Daybook ships has been brought in */
export async function latestCalendar(tx: Tx): Promise<CalendarVersion> {
  const latest = await findLatest(tx);
  if (!latest)
    throw new RecordsError("starting", "the bank holidays are not loaded yet: try again in a moment");
  return latest;
}

/** Of versions that clocks name, which are there. */
export async function calendarsById(tx: Tx, ids: readonly string[]): Promise<Map<string, CalendarVersion>> {
  const rows = await tx.query<CalendarVersion>(
    "SELECT id, number, holidays FROM records.calendar_version WHERE id = ANY ($1::uuid[])",
    [[...new Set(ids)]],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Calendars of versions, each made once. */
export function calendarMaker(): (version: CalendarVersion, counting: Counting) => Calendar {
  const made = new Map<string, Calendar>();
  return ({ id, holidays }, counting) => {
    const name = `${id}/${counting}`;
    const calendar = made.get(name) ?? new Calendar(holidays, counting);
    made.set(name, calendar);
    return calendar;
  };
}

async function findLatest(tx: Tx): Promise<CalendarVersion | undefined> {
  const [row] = await tx.query<CalendarVersion>(
    "SELECT id, number, holidays FROM records.calendar_version ORDER BY number DESC LIMIT 1",
  );
  return row;
}

function knownTo(holidays: BankHolidays): number {
  return Math.min(...Object.values(holidays).map(({ events }) => yearsOf(events).last));
}
