import { z } from "zod";

/** A day of the calendar, `2026-03-04`, without time or zone. */
export const day = z.iso.date();
export type Day = z.infer<typeof day>;

/** Where days begin and end: the law of all four nations counts them by this clock. */
const ZONE = "Europe/London";
const DAY_MS = 86_400_000;
const DAY_LENGTH = "2026-03-04".length;

const parts = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** The day that it is in London at an instant. */
export function londonDay(at: Date): Day {
  const { year, month, day: date } = wallClock(at);
  return `${year}-${month}-${date}`;
}

/** When a day begins in London. */
export function startOfDay(of: Day): Date {
  // Clocks change at one in the morning UTC, so that one look at the offset at midnight is enough.
  const guess = Date.parse(`${of}T00:00:00.000Z`);
  return new Date(guess - offsetMs(new Date(guess)));
}

/** The last millisecond of a day in London. */
export function endOfDay(of: Day): Date {
  return new Date(startOfDay(addDays(of, 1)).getTime() - 1);
}

export function addDays(to: Day, days: number): Day {
  return new Date(Date.parse(to) + days * DAY_MS).toISOString().slice(0, DAY_LENGTH);
}

/** The same date so many months on, else the last day of that month. */
export function addMonths(to: Day, months: number): Day {
  const [year = 0, month = 0, date = 0] = to.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0));
  return new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), Math.min(date, last.getUTCDate())))
    .toISOString()
    .slice(0, DAY_LENGTH);
}

/** How many days lie between two: negative when the second is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}

/** Whether it is a Saturday, or a Sunday. */
export function weekend(of: Day): "saturday" | "sunday" | undefined {
  const weekday = new Date(Date.parse(of)).getUTCDay();
  if (weekday === 6) return "saturday";
  return weekday === 0 ? "sunday" : undefined;
}

export function yearOf(of: Day): number {
  return Number(of.slice(0, 4));
}

function offsetMs(at: Date): number {
  const { year, month, day: date, hour, minute, second } = wallClock(at);
  return Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}.000Z`) - at.getTime();
}

function wallClock(at: Date): Record<"year" | "month" | "day" | "hour" | "minute" | "second", string> {
  const found = parts.formatToParts(at).map(({ type, value }) => [type, value]);
  return Object.fromEntries(found) as ReturnType<typeof wallClock>;
}
