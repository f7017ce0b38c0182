const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Minutes east of UTC: RFC 5322, section 4.3. Military letters say nothing, by the same section. */
const ZONES: Readonly<Record<string, number>> = {
  ...{ ut: 0, utc: 0, gmt: 0, z: 0 },
  ...{ edt: -240, est: -300, cdt: -300, cst: -360, mdt: -360, mst: -420, pdt: -420, pst: -480 },
};
const DATE =
  /^(?:[a-z]{3,9},?\s*)?(\d{1,2})\s+([a-z]{3})[a-z]*\s+(\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([+-]\d{4}|[a-z]{1,5}))?/i;

/** When a message says that it was written; nothing where its date is none, or lies beyond 1970 to 2199. */
export function readDate(header: string | undefined): { sentAt: string } | { localTime: string } | undefined {
  const found = DATE.exec(
    (header ?? "")
      .slice(0, 200)
      .replace(/\([^()]*\)/g, " ")
      .trim(),
  );
  if (!found) return undefined;
  const [day, hour, minute, second] = [found[1], found[4], found[5], found[6] ?? "0"].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const month = MONTHS.indexOf((found[2] ?? "").toLowerCase());
  const year = fullYear(found[3] ?? "");
  if (month < 0 || year < 1970 || year > 2199 || hour > 23 || minute > 59 || second > 60) return undefined;
  const at = new Date(Date.UTC(year, month, day, hour, minute, Math.min(second, 59)));
  if (at.getUTCDate() !== day) return undefined;
  const offset = offsetOf(found[7]);
  if (offset === undefined) return { localTime: at.toISOString().slice(0, 19) };
  return { sentAt: new Date(at.getTime() - offset * 60_000).toISOString() };
}

/** RFC 5322, section 4.3: two digits are of 1950 to 2049, three are counted from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

/** Minutes; undefined where the zone says nothing. */
function offsetOf(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  const numeric = /^([+-])(\d\d)(\d\d)$/.exec(zone);
  if (!numeric) return ZONES[zone.toLowerCase()];
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
  if (minutes > 24 * 60) return undefined;
  return numeric[1] === "-" ? -minutes : minutes;
}
