import { ConnectorError } from "@daybook/contract";
import { authorReader } from "./author.ts";
import type { Calendar, DateOrder } from "./calendar.ts";
import { conversationClues } from "./clues.ts";
import type { DayPart } from "./day-part.ts";
import { hourOfDay } from "./day-part.ts";
import { type Extent, type Frame, frames } from "./frames.ts";
import { type Header, matcher, newHeader } from "./matcher.ts";
import { dateReader, type DecidedBy, orderEvidence } from "./order.ts";
import { HOUR, MINUTE, SECOND, type Shape } from "./shape.ts";
import { type Warning, warningLog } from "./warnings.ts";
import { readParts } from "./parts.ts";

/** How a file's records are to be read: decided once, from all of it. */
export interface Dialect {
  readonly shape: Shape;
  readonly order: DateOrder;
  /** What each word beside a time says, by its key. */
  readonly parts: ReadonlyMap<string, DayPart>;
  /** iOS puts U+200E before what it wrote itself; files that were copied through an editor may have lost it. */
  readonly marksAppText: boolean;
}

/** What a first pass over a whole file found. */
export interface Survey {
  readonly dialect: Dialect;
  readonly order: DateOrder;
  /** Nothing in the file tells day from month: `order` is the default, day first. */
  readonly ambiguous: boolean;
  readonly decidedBy: DecidedBy;
  readonly calendar: Calendar;
  readonly clock: 12 | 24;
  readonly lines: number;
  /** Headers whose date exists in one order or another: no fewer than there are records in the decided one. */
  readonly records: number;
  /** Wall-clock times of the first and last record in file order, `YYYY-MM-DDTHH:mm:ss`. */
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly title: string | undefined;
  readonly kind: "direct" | "group" | "unknown";
  /** How many records stand under each name, app-written ones included. Empty where there are too many names. */
  readonly authors: ReadonlyMap<string, number>;
  readonly warnings: readonly Warning[];
}

export interface SurveyOptions {
  /** What the operator says; it wins wherever the file's shape leaves the order open. */
  readonly dateOrder?: DateOrder | undefined;
}

const ANDROID_MEDIA = /^\u200e?[A-Z]{3}-(20\d\d)(\d\d)(\d\d)-WA\d/;
const IOS_MEDIA = /<[^<>:]{1,40}: ?\d+-[A-Z]+-(20\d\d)-(\d\d)-(\d\d)-\d\d-\d\d-\d\d/;

/**
 * Reads a whole text once and decides how it is to be read. Memory does not depend on its length.
 *
 * @param title from the name of the file, if that says it
 * @throws {ConnectorError} `malformed`: the stated order cannot read most of the dates
 */
export async function survey(
  text: AsyncIterable<Uint8Array>,
  shape: Shape,
  title: string | undefined,
  { dateOrder }: SurveyOptions,
): Promise<Survey> {
  const headers = matcher(shape);
  const evidence = orderEvidence(shape);
  const readAuthor = authorReader(title);
  const clues = conversationClues(title);
  const log = warningLog();
  const first = newHeader();
  const last = newHeader();
  const seen = { records: 0, marksAppText: false, maxHour: 0 };

  const record = ({ bytes, header, headerBytes, start, end }: Frame) => {
    if (seen.records === 0) copyHeader(header, first);
    copyHeader(header, last);
    seen.records += 1;
    seen.maxHour = Math.max(seen.maxHour, header.numbers[HOUR] ?? 0);
    const { author, bodyAt } = readAuthor(bytes, start + headerBytes, end);
    if (author !== undefined) clues.author(author);
    const marked = shape.platform === "ios" && startsMarked(bytes, bodyAt);
    seen.marksAppText ||= marked && author !== undefined;
    if (bytes[bodyAt + 3] === 0x2d || marked) {
      const beginning = bytes.toString("utf8", bodyAt, Math.min(end, bodyAt + 160));
      const date = (shape.platform === "android" ? ANDROID_MEDIA : IOS_MEDIA).exec(beginning);
      if (date !== null) evidence.seeMediaDate(header, Number(date[1]), Number(date[2]), Number(date[3]));
    }
    if (author === undefined || marked) {
      clues.notice(() => bytes.toString("utf8", bodyAt, Math.min(end, bodyAt + 2_400)).trim(), author);
    }
  };

  const accept = (header: Header) => evidence.see(header);
  let extent: Extent | undefined;
  for await (const read of frames(text, { matcher: headers, accept, record })) extent = read;
  const { records, marksAppText, maxHour } = seen;
  if (extent === undefined || records === 0) {
    throw new ConnectorError("not-an-export", "no message was found in the file");
  }

  const decision = evidence.decide(dateOrder);
  if (decision.decidedBy === "operator" && evidence.impossible(decision.order) * 2 > records) {
    const advice = "leave --date-order out, or give the one that the phone used";
    throw new ConnectorError(
      "malformed",
      `most dates of the file cannot be read as ${decision.order}: ${advice}`,
    );
  }
  if (decision.ambiguous) log.note("order-ambiguous", extent.leadingLines + 1);
  if (dateOrder !== undefined && dateOrder !== decision.order)
    log.note("order-ignored", extent.leadingLines + 1);
  if (extent.nulBytes) log.note("nul", 1);
  const { parts, clock, trouble } = readParts(headers.words, decision.firstWordIsMorning, maxHour);
  if (trouble !== undefined) log.note(trouble, extent.leadingLines + 1);
  const readDate = dateReader(decision.order);
  const calendar = readDate(last)?.calendar ?? readDate(first)?.calendar ?? "gregorian";
  if (calendar === "persian" || calendar === "islamic")
    log.note("calendar-converted", extent.leadingLines + 1);

  const dialect: Dialect = { shape, order: decision.order, parts, marksAppText };
  const time = (header: Header) => {
    const date = readDate(header);
    return date === undefined ? undefined : date.iso + timeText(secondOfDay(header, parts));
  };
  return {
    dialect,
    order: decision.order,
    ambiguous: decision.ambiguous,
    decidedBy: decision.decidedBy,
    calendar,
    clock,
    lines: extent.lines,
    records,
    first: time(first),
    last: time(last),
    title: clues.title(),
    kind: clues.kind(),
    authors: clues.authors(),
    warnings: log.list(),
  };
}

/** Seconds since midnight: seconds are 0 where the header has none. */
export function secondOfDay({ numbers, words }: Header, parts: ReadonlyMap<string, DayPart>): number {
  let part: DayPart = "none";
  for (const word of words) {
    const said = word === undefined ? undefined : parts.get(word.key);
    if (said !== undefined && said !== "none") part = said;
  }
  const hour = hourOfDay(numbers[HOUR] ?? 0, part);
  return (hour * 60 + (numbers[MINUTE] ?? 0)) * 60 + (numbers[SECOND] ?? 0);
}

/** `THH:mm:ss`. */
export function timeText(second: number): string {
  return (MINUTES[Math.floor(second / 60)] ?? "") + (TWO[second % 60] ?? "");
}
const TWO = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
const MINUTES = Array.from(
  { length: 1_440 },
  (_, value) => `T${TWO[Math.floor(value / 60)] ?? ""}:${TWO[value % 60] ?? ""}:`,
);

function copyHeader(from: Header, to: Header): void {
  to.numbers.set(from.numbers);
  to.digits.set(from.digits);
  for (let place = 0; place < from.words.length; place += 1) to.words[place] = from.words[place];
}

function startsMarked(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x80 && (bytes[at + 2] === 0x8e || bytes[at + 2] === 0x8f);
}
