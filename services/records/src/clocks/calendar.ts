import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RecordsError } from "../error.ts";
import { addDays, type Day, day, weekend, yearOf } from "./day.ts";

export const DIVISIONS = ["england-and-wales", "scotland", "northern-ireland"] as const;
export const division = z.enum(DIVISIONS);
export type Division = (typeof DIVISIONS)[number];

const MAX_EVENTS = 2_000;
/** No part of the United Kingdom has fewer bank holidays in a year. */
const LEAST_OF_YEAR = 7;

const published = z.object({
  title: z.string().trim().min(1).max(200),
  date: day,
  notes: z.string().max(200).default(""),
  bunting: z.boolean().default(false),
});
const holiday = published.extend({
  /** By what it was proclaimed, of one that gov.uk's file does not have: no newer file takes it away. */
  proclaimed: z.string().min(1).max(200).optional(),
});
export type Holiday = z.infer<typeof holiday>;

const documentOf = <E extends z.ZodType>(event: E) => {
  const events = z.array(event).min(1).max(MAX_EVENTS);
  return z.object({
    "england-and-wales": z.object({ division: z.literal("england-and-wales"), events }),
    scotland: z.object({ division: z.literal("scotland"), events }),
    "northern-ireland": z.object({ division: z.literal("northern-ireland"), events }),
  });
};

/** A file in the shape of https://www.gov.uk/bank-holidays.json; what else it says is dropped. */
export const govUkFile = documentOf(published);

/** One version of the bank holidays: gov.uk's, and days proclaimed beside them. */
export const bankHolidays = documentOf(holiday);
export type BankHolidays = z.infer<typeof bankHolidays>;

/** What Daybook knows when it is installed, and where that is from. */
export const SHIPPED = {
  source:
    "gov.uk bank-holidays.json as released with govuk-bank-holidays 0.19, read on 29 November 2026, 2019 to 2028, " +
    "and 15 June 2026 in Scotland by proclamation (Open Government Licence v3.0)",
  holidays: bankHolidays.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, "uk-bank-holidays.json"), "utf8")),
  ),
} as const;

/** Whose bank holidays a clock leaves out: of one division, or of any part of the United Kingdom. */
export type Counting = Division | "united-kingdom";

/** Why nothing is counted on a day. */
export type Free =
  | { readonly why: "saturday" | "sunday" }
  | { readonly why: "bank-holiday"; readonly title: string; readonly in: readonly Division[] };

/** The working days of one version of the bank holidays. */
export class Calendar {
  readonly #free = new Map<Day, { title: string; in: Division[] }>();
  /** First and last year of which the bank holidays are known. */
  readonly firstYear: number;
  readonly lastYear: number;

  constructor(holidays: BankHolidays, counting: Counting) {
    const counted = DIVISIONS.filter((name) => counting === "united-kingdom" || counting === name);
    for (const name of counted) {
      for (const { date, title } of holidays[name].events) {
        const known = this.#free.get(date);
        if (known) known.in.push(name);
        else this.#free.set(date, { title, in: [name] });
      }
    }
    const years = counted.map((name) => yearsOf(holidays[name].events));
    this.firstYear = Math.max(...years.map(({ first }) => first));
    this.lastYear = Math.min(...years.map(({ last }) => last));
  }

  /** Why a day is not a working day; undefined for one that is. */
  free(of: Day): Free | undefined {
    const holidayOf = this.#free.get(of);
    if (holidayOf) return { why: "bank-holiday", ...holidayOf };
    const why = weekend(of);
    return why && { why };
  }

  /** This day, or the first working day after it. */
  roll(from: Day): Day {
    let at = from;
    while (this.free(at)) at = addDays(at, 1);
    return at;
  }

  /** Whether the bank holidays of the year of this day are known. */
  knows(of: Day): boolean {
    return yearOf(of) >= this.firstYear && yearOf(of) <= this.lastYear;
  }
}

/** First and last year in which there is a holiday. */
export function yearsOf(events: readonly Pick<Holiday, "date">[]): { first: number; last: number } {
  const years = events.map(({ date }) => yearOf(date));
  return { first: Math.min(...years), last: Math.max(...years) };
}

/**
 * The bank holidays of a newer file of gov.uk's. Years before its first, which gov.uk drops in time, stay as they
 * were, and so do proclaimed days.
 *
 * @throws {RecordsError} `bad-request`: a year in it is not whole, a day is there twice, or it ends sooner than what is known
 */
export function succeed(known: BankHolidays, file: z.infer<typeof govUkFile>): BankHolidays {
  return perDivision((name) => {
    const events = [...file[name].events].sort(byDate);
    const { first, last } = yearsOf(events);
    for (let year = first; year <= last; year += 1) {
      const inYear = events.filter(({ date }) => yearOf(date) === year);
      if (inYear.length < LEAST_OF_YEAR) throw refused(`it has not all bank holidays of ${year} in ${name}`);
      if (new Set(inYear.map(({ date }) => date)).size < inYear.length)
        throw refused(`it has a day of ${year} twice in ${name}`);
    }
    const before = yearsOf(known[name].events).last;
    if (last < before) throw refused(`it ends in ${last} in ${name}, and ${before} is known: it is older`);
    const listed = new Set(events.map(({ date }) => date));
    const kept = known[name].events.filter(
      ({ date, proclaimed }) => yearOf(date) < first || (proclaimed !== undefined && !listed.has(date)),
    );
    return [...kept, ...events].sort(byDate);
  });
}

/** @throws {RecordsError} `conflict` when it is a bank holiday there already; `bad-request` beyond the years known */
export function withDay(known: BankHolidays, where: readonly Division[], added: Holiday): BankHolidays {
  return perDivision((name) => {
    const { events } = known[name];
    if (!where.includes(name)) return events;
    if (events.some(({ date }) => date === added.date))
      throw new RecordsError("conflict", `that day is a bank holiday in ${name} already`);
    const { first, last } = yearsOf(events);
    if (yearOf(added.date) < first || yearOf(added.date) > last)
      throw new RecordsError(
        "bad-request",
        `bank holidays are known from ${first} to ${last}: import a file first`,
      );
    return [...events, added].sort(byDate);
  });
}

/** @throws {RecordsError} `not-found` when none was proclaimed there */
export function withoutDay(known: BankHolidays, where: readonly Division[], date: Day): BankHolidays {
  return perDivision((name) => {
    const { events } = known[name];
    if (!where.includes(name)) return events;
    const left = events.filter((event) => event.date !== date || event.proclaimed === undefined);
    if (left.length === events.length)
      throw new RecordsError("not-found", `no bank holiday was proclaimed for that day in ${name}`);
    return left;
  });
}

function perDivision(events: (name: Division) => Holiday[]): BankHolidays {
  return {
    "england-and-wales": { division: "england-and-wales", events: events("england-and-wales") },
    scotland: { division: "scotland", events: events("scotland") },
    "northern-ireland": { division: "northern-ireland", events: events("northern-ireland") },
  };
}

function byDate(a: Holiday, b: Holiday): number {
  return a.date < b.date ? -1 : 1;
}

function refused(why: string): RecordsError {
  return new RecordsError("bad-request", `that file is not taken: ${why}`);
}
