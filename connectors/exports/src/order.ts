import { type Calendar, type CalendarDate, type DateOrder, gregorian, writtenYear } from "./calendar.ts";
import { hourOfDay, type DayPart } from "./day-part.ts";
import type { Header, Word } from "./matcher.ts";
import { HOUR, MINUTE, type Shape } from "./shape.ts";

export interface ReadDate extends CalendarDate {
  readonly calendar: Calendar;
  /** `YYYY-MM-DD`, Gregorian. */
  readonly iso: string;
}

/** Reads a header's date in one order, `undefined` where there is no such day. */
export type DateReader = (header: Header) => ReadDate | undefined;

const PLACES: Record<DateOrder, readonly [year: number, month: number, day: number]> = {
  dmy: [2, 1, 0],
  mdy: [2, 0, 1],
  ymd: [0, 1, 2],
};

/** Remembers the last date: most records share it with the one before. */
export function dateReader(order: DateOrder): DateReader {
  const [yearAt, monthAt, dayAt] = PLACES[order];
  let last: { a: number; b: number; c: number; era: Word["era"]; read: ReturnType<DateReader> } | undefined;
  return ({ numbers, digits, words }) => {
    const [a = 0, b = 0, c = 0] = numbers;
    let era: Word["era"];
    for (const word of words) era = word?.era ?? era;
    if (last?.a === a && last.b === b && last.c === c && last.era === era) return last.read;
    const written = writtenYear(numbers[yearAt] ?? 0, digits[yearAt] ?? 0, era);
    const date = gregorian(written, numbers[monthAt] ?? 0, numbers[dayAt] ?? 0);
    const read = date === undefined ? undefined : { ...date, calendar: written.calendar, iso: isoDate(date) };
    last = { a, b, c, era, read };
    return read;
  };
}

function isoDate({ year, month, day }: CalendarDate): string {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** The orders that a shape leaves open. */
export function openOrders(shape: Shape): readonly DateOrder[] {
  if (shape.year === "first") return ["ymd"];
  return shape.year === "last" ? ["dmy", "mdy"] : ["dmy", "mdy", "ymd"];
}

/** Why a file's dates are read as they are. */
export type DecidedBy = "operator" | "year" | "values" | "media-names" | "sequence" | "default";

export interface OrderDecision {
  readonly order: DateOrder;
  /** Nothing in the file told: `order` is the default, day first. */
  readonly ambiguous: boolean;
  readonly decidedBy: DecidedBy;
  /** Of two unknown words for halves of the day: whether the first that the file shows is the morning. */
  readonly firstWordIsMorning: boolean | undefined;
}

/** Weighs what a whole file says of the order of day and month. */
export interface OrderEvidence {
  /** @returns false where the date exists in no order: it is no header */
  see(header: Header): boolean;
  /** A date that WhatsApp put in the name of media, and the header of the record that names them. */
  seeMediaDate(header: Header, year: number, month: number, day: number): void;
  decide(given: DateOrder | undefined): OrderDecision;
  /** How many headers an order cannot read. */
  impossible(order: DateOrder): number;
}

interface Candidate {
  readonly order: DateOrder;
  readonly read: DateReader;
  impossible: number;
  mediaHits: number;
  /** Steps back in time, if the first unknown word means morning, or afternoon. */
  readonly stepsBack: [number, number];
  readonly last: [number, number];
  /** Of the last header: a number that grows with the date, -1 for none. */
  day: number;
  isPossible: boolean;
}

/** WhatsApp's first year: a two-digit year before it is no year. */
const FIRST_YEAR = 2009;

export function orderEvidence(shape: Shape): OrderEvidence {
  const candidates = openOrders(shape).map((order): Candidate => {
    return {
      order,
      read: dateReader(order),
      impossible: 0,
      mediaHits: 0,
      stepsBack: [0, 0],
      last: [0, 0],
      day: -1,
      isPossible: false,
    };
  });

  let seen = 0;
  let last: { a: number; b: number; c: number; era: Word["era"] } = { a: -1, b: 0, c: 0, era: undefined };

  const readDates = (header: Header): void => {
    const { numbers } = header;
    let era: Word["era"];
    for (const word of header.words) era = word?.era ?? era;
    if (last.a === numbers[0] && last.b === numbers[1] && last.c === numbers[2] && last.era === era) return;
    last = { a: numbers[0] ?? 0, b: numbers[1] ?? 0, c: numbers[2] ?? 0, era };
    for (const candidate of candidates) {
      const date = candidate.read(header);
      candidate.day = date === undefined ? -1 : (date.year * 12 + date.month) * 31 + date.day;
      candidate.isPossible = date !== undefined && date.year >= FIRST_YEAR;
    }
  };

  const see = (header: Header): boolean => {
    readDates(header);
    if (candidates.every(({ day }) => day < 0)) return false;
    seen += 1;
    const ifMorning = minuteOfDay(header, "am", "pm");
    const ifAfternoon = header.words.length === 0 ? ifMorning : minuteOfDay(header, "pm", "am");
    for (const candidate of candidates) {
      if (!candidate.isPossible) candidate.impossible += 1;
      if (candidate.day < 0) continue;
      const morning = candidate.day * 1_440 + ifMorning;
      const afternoon = candidate.day * 1_440 + ifAfternoon;
      if (morning < candidate.last[0]) candidate.stepsBack[0] += 1;
      if (afternoon < candidate.last[1]) candidate.stepsBack[1] += 1;
      candidate.last[0] = morning;
      candidate.last[1] = afternoon;
    }
    return true;
  };

  const seeMediaDate = (header: Header, year: number, month: number, day: number) => {
    for (const candidate of candidates) {
      const date = candidate.read(header);
      if (date?.year === year && date.month === month && date.day === day) candidate.mediaHits += 1;
    }
  };

  const decide = (given: DateOrder | undefined): OrderDecision => {
    const answer = (order: DateOrder, decidedBy: DecidedBy): OrderDecision => {
      const [morning, afternoon] = candidates.find((each) => each.order === order)?.stepsBack ?? [0, 0];
      const firstWordIsMorning = morning === afternoon ? undefined : morning < afternoon;
      return { order, ambiguous: decidedBy === "default", decidedBy, firstWordIsMorning };
    };
    const [only] = candidates;
    if (candidates.length === 1 && only !== undefined) return answer(only.order, "year");
    if (given !== undefined && candidates.some(({ order }) => order === given))
      return answer(given, "operator");
    let left = candidates;
    const steps: [DecidedBy, (candidate: Candidate) => number][] = [
      // A few lines in a long file may be pasted: they decide only what nothing else does.
      ["values", (each) => (each.impossible * 1_000 > seen ? each.impossible : 0)],
      ["media-names", (each) => -each.mediaHits],
      ["sequence", (each) => Math.min(...each.stepsBack)],
      ["values", (each) => each.impossible],
      // Of what is left: a year of two digits comes last, unless something told that it comes first.
      ["values", (each) => (each.order === "ymd" ? 1 : 0)],
    ];
    for (const [reason, badness] of steps) {
      const least = Math.min(...left.map(badness));
      left = left.filter((each) => badness(each) === least);
      const [winner, ...others] = left;
      if (winner !== undefined && others.length === 0) return answer(winner.order, reason);
    }
    return answer(left[0]?.order ?? "dmy", "default");
  };

  const impossible = (order: DateOrder) => candidates.find((each) => each.order === order)?.impossible ?? 0;
  return { see, seeMediaDate, decide, impossible };
}

/** Minutes since midnight, taking the first unknown word of a place for `first` and the second for `second`. */
function minuteOfDay(header: Header, first: DayPart, second: DayPart): number {
  let part: DayPart = "none";
  for (const word of header.words) {
    if (word === undefined || word.era !== undefined || word.part === "none") continue;
    part = word.part ?? (word.nth === 0 ? first : word.nth === 1 ? second : "none");
  }
  return hourOfDay(header.numbers[HOUR] ?? 0, part) * 60 + (header.numbers[MINUTE] ?? 0);
}
