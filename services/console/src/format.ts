import { AsyncLocalStorage } from "node:async_hooks";

/** Where a body is that says nothing else. */
export const DEFAULT_ZONE = "Europe/London";
const LANGUAGE = "en-GB";

/** Clocks of one zone. */
interface Clocks {
  readonly day: Intl.DateTimeFormat;
  readonly shortDay: Intl.DateTimeFormat;
  readonly clock: Intl.DateTimeFormat;
  readonly wall: Intl.DateTimeFormat;
}

function clocksOf(timeZone: string): Clocks {
  return {
    day: new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "long", year: "numeric", timeZone }),
    shortDay: new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short", timeZone }),
    clock: new Intl.DateTimeFormat(LANGUAGE, {
      hour: "numeric",
      minute: "2-digit",
      hour12: true,
      timeZone,
    }),
    wall: new Intl.DateTimeFormat("en-CA", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
      hourCycle: "h23",
    }),
  };
}

const zones = new Map<string, Clocks>();
const shownIn = new AsyncLocalStorage<string>();

/**
 * Does something in which times are shown, and days are days, as clocks of a zone have them: the deployment's, which its
 * API says. Outside of it that is London.
 *
 * @param zone of the IANA database, such as `Europe/London`
 */
export function inZone<T>(zone: string, act: () => T): T {
  return shownIn.run(zone, act);
}

function clocks(): Clocks {
  const zone = shownIn.getStore() ?? DEFAULT_ZONE;
  const known = zones.get(zone) ?? clocksOf(zone);
  zones.set(zone, known);
  return known;
}

const NAMED: Readonly<Record<string, string>> = { "12:00am": "midnight", "12:00pm": "midday" };
const count = new Intl.NumberFormat(LANGUAGE);
const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** "22 November 2026". @param at RFC 3339, or a day */
export function formatDay(at: string | Date): string {
  return clocks().day.format(new Date(at));
}

/** "22 Nov", where there is room for no more. */
export function formatShortDay(at: string | Date): string {
  return clocks().shortDay.format(new Date(at));
}

/** "3:05pm", "midday" or "midnight", as the GOV.UK style guide has it. */
export function formatClock(at: string | Date): string {
  const shown = clocks().clock.format(new Date(at)).replace(/\s/g, "").toLowerCase();
  return NAMED[shown] ?? shown;
}

/** "22 November 2026, 3:05pm". */
export function formatMoment(at: string | Date): string {
  return `${formatDay(at)}, ${formatClock(at)}`;
}

const wallDay = new Intl.DateTimeFormat(LANGUAGE, {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "numeric",
  minute: "2-digit",
  hour12: true,
  timeZone: "UTC",
});

/** "22 November 2026, 3:05pm", of a clock whose zone nobody knows. @param at RFC 3339 without a zone */
export function formatWall(at: string): string {
  const parts = Object.fromEntries(
    wallDay.formatToParts(new Date(`${at}Z`)).map(({ type, value }) => [type, value]),
  );
  const { day: of, month, year, hour, minute, dayPeriod = "" } = parts;
  return `${of ?? ""} ${month ?? ""} ${year ?? ""}, ${hour ?? ""}:${minute ?? ""}${dayPeriod.toLowerCase()}`;
}

/** As `formatMoment`; the day alone where it is its beginning: what is said by the day is shown by the day. */
export function formatBoundary(at: string | Date): string {
  const time = formatClock(at);
  return time === "midnight" ? formatDay(at) : `${formatDay(at)}, ${time}`;
}

/** "1,234". */
export function formatCount(value: number): string {
  return count.format(value);
}

/** "3.4 MB", in thousands. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit] ?? ""}`;
}

/** The day that it is, `2026-03-04`, by the clocks of the zone. */
export function today(): string {
  return clocks().wall.format(new Date()).slice(0, "2026-03-04".length);
}

/** The instant, RFC 3339, at which it is that time of that day by the clocks of the zone. @param time `9:30` or `09:30:00.000` */
export function instantOf(of: string, time: string): string {
  const { wall } = clocks();
  const [hour = "", ...rest] = time.split(":");
  const guess = Date.parse(`${of}T${hour.padStart(2, "0")}:${rest.join(":")}Z`);
  const shown = Date.parse(
    `${wall.format(guess).replace(", ", "T")}.${String(guess % 1_000).padStart(3, "0")}Z`,
  );
  return new Date(guess - (shown - guess)).toISOString();
}

/** The day that an instant is on, `2026-03-04`. @param at RFC 3339 */
export function dayOf(at: string): string {
  return clocks().wall.format(new Date(at)).slice(0, 10);
}
