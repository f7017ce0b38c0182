/** A wall-clock time in a zone. */
export interface ZonedTime {
  /** RFC 3339, UTC, milliseconds. */
  readonly instant: string;
  /**
   * `ambiguous`: clocks went back and the time came twice; the first is given. `nonexistent`: clocks went forward
   * over it; it is read by the offset before the change.
   */
  readonly doubt: "ambiguous" | "nonexistent" | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_REMEMBERED = 10_000;

/**
 * Converts wall-clock times of one zone, by the platform's own zone data; the process's zone plays no part.
 *
 * @param zone IANA name, such as `Europe/Berlin`
 * @throws {RangeError} if there is no such zone
 * @see RFC 5545 section 3.3.5, on times that come twice or never
 */
export function zoneReader(zone: string): (localTime: string) => ZonedTime {
  const format = new Intl.DateTimeFormat("en-u-ca-iso8601-nu-latn", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const offsets = new Map<number, number>();

  // Changes of the clock fall on quarters of an hour in UTC.
  const offsetAt = (instant: number): number => {
    const quarter = Math.floor(instant / (HOUR_MS / 4)) * (HOUR_MS / 4);
    const known = offsets.get(quarter);
    if (known !== undefined) return known;
    const parts = new Map(format.formatToParts(quarter).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    const wall = Date.UTC(
      part("year"),
      part("month") - 1,
      part("day"),
      part("hour"),
      part("minute"),
      part("second"),
    );
    if (offsets.size >= MAX_REMEMBERED) offsets.clear();
    offsets.set(quarter, wall - quarter);
    return wall - quarter;
  };

  return (localTime) => {
    const wall = Date.parse(`${localTime}Z`);
    const before = offsetAt(wall - DAY_MS);
    const after = offsetAt(wall + DAY_MS);
    const fits = [...new Set([before, after])].filter((offset) => offsetAt(wall - offset) === offset);
    const [first] = fits.map((offset) => wall - offset).sort((a, b) => a - b);
    const instant = new Date(first ?? wall - before).toISOString();
    return { instant, doubt: fits.length > 1 ? "ambiguous" : fits.length === 0 ? "nonexistent" : undefined };
  };
}
