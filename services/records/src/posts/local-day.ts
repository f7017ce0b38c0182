const HALF_DAY_MS = 12 * 60 * 60 * 1_000;

/**
 * The first instant of a day where clocks show this zone's time: midnight, or what comes instead where the clocks go
 * forward over it.
 *
 * @param day such as `2026-03-29`
 * @param zone of the IANA database, such as `Europe/London`
 * @throws {RangeError} no such day or zone
 */
export function localMidnight(day: string, zone: string): Date {
  const asIfUtc = Date.parse(`${day}T00:00:00.000Z`);
  if (Number.isNaN(asIfUtc) || new Date(asIfUtc).toISOString().slice(0, 10) !== day)
    throw new RangeError("no calendar has that day");
  const clock = clockOf(zone);
  const offset = (at: number) => Date.parse(`${clock(at)}.000Z`) - at;
  const candidates = [asIfUtc - 2 * HALF_DAY_MS, asIfUtc + 2 * HALF_DAY_MS].map(
    (near) => asIfUtc - offset(near),
  );
  const first = candidates.sort((a, b) => a - b).find((at) => clock(at).startsWith(day));
  if (first === undefined) throw new RangeError("that day does not begin in that zone");
  return new Date(first);
}

/** The day that clocks of a zone show at an instant. */
export function localDay(at: Date, zone: string): string {
  return clockOf(zone)(at.getTime()).slice(0, 10);
}

function clockOf(zone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return (at) => format.format(at - (at % 1_000)).replace(" ", "T");
}
