/** Which of a date's three numbers is which. */
export type DateOrder = "dmy" | "mdy" | "ymd";

/** The calendar that a file's years are counted in. Dates are always given in the Gregorian one. */
export type Calendar = "gregorian" | "buddhist" | "japanese" | "minguo" | "persian" | "islamic";

/** A word beside a year that says from where it counts: `base + year` is the Gregorian year. */
export interface Era {
  readonly calendar: Calendar;
  readonly base: number;
}

const JAPANESE: readonly [names: string, base: number][] = [
  ["r 令和 令", 2018],
  ["h 平成 平", 1988],
  ["s 昭和 昭", 1925],
];
const ERAS = new Map<string, Era>();
for (const [names, base] of JAPANESE) {
  for (const name of names.split(" ")) ERAS.set(name, { calendar: "japanese", base });
}
for (const name of ["be", "พศ"]) ERAS.set(name, { calendar: "buddhist", base: -543 });
for (const name of ["民國", "民国", "minguo"]) ERAS.set(name, { calendar: "minguo", base: 1911 });
for (const name of ["ad", "ce", "คศ"]) ERAS.set(name, { calendar: "gregorian", base: 0 });
for (const name of ["ap", "هش", "شمسی"]) ERAS.set(name, { calendar: "persian", base: 0 });
for (const name of ["ah", "هـ", "ه"]) ERAS.set(name, { calendar: "islamic", base: 0 });

/** The era that a word names; `key` is the word as `wordKey` gives it. */
export function eraOf(key: string): Era | undefined {
  return ERAS.get(key);
}

/** A date in the calendar it is written in. */
export interface WrittenYear {
  readonly calendar: Calendar;
  /** Gregorian, except in the persian and islamic calendars, whose months differ too. */
  readonly year: number;
}

/**
 * The year that a number of one to four digits means. WhatsApp began in 2009, so without an era a year of the 25th
 * or 26th century is Buddhist, three digits are Minguo, 1388 to 1429 is Persian and 1430 to 1500 Islamic, and
 * two digits from 52 up are the end of a Buddhist year.
 */
export function writtenYear(value: number, digits: number, era: Era | undefined): WrittenYear {
  if (era !== undefined) {
    const short = digits <= 2 && era.calendar === "buddhist" ? 2500 : 0;
    return { calendar: era.calendar, year: era.base + short + value };
  }
  if (digits === 4) {
    if (value >= 2400 && value < 2700) return { calendar: "buddhist", year: value - 543 };
    if (value >= 1388 && value < 1430) return { calendar: "persian", year: value };
    if (value >= 1430 && value <= 1500) return { calendar: "islamic", year: value };
    return { calendar: "gregorian", year: value };
  }
  if (digits === 3) return { calendar: "minguo", year: value + 1911 };
  return value >= 52
    ? { calendar: "buddhist", year: 1957 + value }
    : { calendar: "gregorian", year: 2000 + value };
}

/** Days in a Gregorian month. */
export function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const DAY_MS = 86_400_000;

/** The Gregorian date, or `undefined` where the calendar has no such day. Nothing rolls over. */
export function gregorian(written: WrittenYear, month: number, day: number): CalendarDate | undefined {
  const { calendar, year } = written;
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (calendar === "persian" || calendar === "islamic") return converted(calendar, year, month, day);
  return year < 1 || day > daysIn(year, month) ? undefined : { year, month, day };
}

function converted(calendar: "persian" | "islamic", year: number, month: number, day: number) {
  const format = formats[calendar];
  const guess =
    calendar === "persian"
      ? Date.UTC(year + 621, 2, 20) + ((month - 1) * 30 + Math.min(month - 1, 6) + day - 1) * DAY_MS
      : Date.UTC(622, 6, 16) + Math.round((year - 1) * 354.367 + (month - 1) * 29.53 + day - 1) * DAY_MS;
  // The guess is a day or two off: leap years fall differently.
  for (let shift = -4; shift <= 4; shift += 1) {
    const instant = new Date(guess + shift * DAY_MS);
    const parts = format.formatToParts(instant);
    const value = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    if (value("year") === year && value("month") === month && value("day") === day) {
      return { year: instant.getUTCFullYear(), month: instant.getUTCMonth() + 1, day: instant.getUTCDate() };
    }
  }
  return undefined;
}

const numeric = { timeZone: "UTC", year: "numeric", month: "numeric", day: "numeric" } as const;
const formats = {
  persian: new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", numeric),
  islamic: new Intl.DateTimeFormat("en-u-ca-islamic-umalqura-nu-latn", numeric),
};
