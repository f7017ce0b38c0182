import { instantOf as zonedInstantOf } from "../webhook/reading/said.ts";
import { type CsvRow, csvRows } from "./csv.ts";
import { CdrRefusal, type CdrSettings } from "./options.ts";

/** A message, as the aggregator has it. */
export interface CdrRow {
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly id: string | undefined;
  /** The evidence. */
  readonly fields: readonly string[];
}

const MAX_ADDRESS = 100;
const MAX_ID = 400;
const CLOCK = /^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})[T ](\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?$/;

/**
 * The rows of a file that count. Each row is what was set, or the file is refused as a whole.
 *
 * @throws {CdrRefusal}
 */
export async function* cdrRows(bytes: AsyncIterable<Uint8Array>, of: CdrSettings): AsyncGenerator<CdrRow> {
  let read: ((row: CsvRow) => CdrRow | undefined) | undefined;
  for await (const row of csvRows(bytes, of.delimiter)) {
    if (!read) read = readerOf(row.fields, of);
    else {
      const one = read(row);
      if (one) yield one;
    }
  }
  if (!read) throw new CdrRefusal("it is empty, without even the names of its columns");
}

function readerOf(names: readonly string[], of: CdrSettings): (row: CsvRow) => CdrRow | undefined {
  const known = names.map((name) => name.trim());
  const placeOf = (name: string, role: string) => {
    const place = known.indexOf(name);
    if (place < 0) throw new CdrRefusal(`its first line has no column of the name that is set for ${role}`);
    return place;
  };
  const { columns } = of;
  const [from, to, time] = (["from", "to", "time"] as const).map((role) => placeOf(columns[role], role));
  const id = columns.id === undefined ? undefined : placeOf(columns.id, "id");
  const only = Object.entries(of.only).map(([name, values]) => ({ place: placeOf(name, "only"), values }));
  return ({ line, fields }) => {
    if (fields.length !== known.length)
      throw new CdrRefusal(`line ${line} has not as many columns as the first`);
    const say = (place: number | undefined) => (place === undefined ? "" : (fields[place] ?? "").trim());
    if (!only.every(({ place, values }) => values.includes(say(place)))) return undefined;
    const at = timeOf(say(time), of);
    if (at === undefined) throw new CdrRefusal(`line ${line} has no time as it is set to be written`);
    const sides = { from: say(from), to: say(to) };
    if ([sides.from, sides.to].some((one) => one.length > MAX_ADDRESS))
      throw new CdrRefusal(`line ${line} has no number where one should be`);
    return { ...sides, at, id: id === undefined ? undefined : say(id).slice(0, MAX_ID), fields };
  };
}

/** Milliseconds since 1970; undefined for what is no time. */
function timeOf(written: string, { dates, instantOf }: CdrSettings): number | undefined {
  if (dates === "seconds")
    return /^\d{9,11}(?:\.\d+)?$/.test(written) ? Math.floor(Number(written) * 1_000) : undefined;
  const zoned = dates === "iso" ? zonedInstantOf(written) : undefined;
  if (zoned !== undefined) return Date.parse(zoned);
  const [, a = "", b = "", c = "", minutes = "", seconds = ":00"] = CLOCK.exec(written) ?? [];
  const [year, month, day] = dates === "iso" ? [a, b, c] : dates === "dmy" ? [c, b, a] : [c, a, b];
  const local = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}T${minutes}${seconds}`;
  return year.length === 4 && isTime(local) ? instantOf(local) : undefined;
}

/** The thirtieth of February is none. */
function isTime(local: string): boolean {
  const at = Date.parse(`${local}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(local);
}
