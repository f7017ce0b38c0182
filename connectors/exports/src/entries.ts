import { isUtf8 } from "node:buffer";
import { authorReader } from "./author.ts";
import { type Extent, frames, type Frame } from "./frames.ts";
import { type Header, matcher } from "./matcher.ts";
import { isMarked, type BodyContext, canonicalText, type Meaning, readBody } from "./meaning.ts";
import { type Notice, noticeReader } from "./notices.ts";
import { dateReader, type ReadDate } from "./order.ts";
import { readShape } from "./shape.ts";
import { type Survey, secondOfDay, timeText } from "./survey.ts";
import type { WarningLog } from "./warnings.ts";

/** One record of an export: a message, or a line that the app wrote. */
export interface Entry {
  /** Line, from 1, and byte, from 0, at which it begins in the chat's text. */
  readonly line: number;
  readonly offsetBytes: number;
  /** Its bytes in the text; more than `raw` holds where it was too long. */
  readonly lengthBytes: number;
  /** The bytes as they are in the text, header and line ends included, at most `MAX_RECORD_BYTES`. */
  readonly raw: Buffer;
  /** The wall clock as read, `YYYY-MM-DDTHH:mm:ss`: no zone is known, none is meant. */
  readonly localTime: string;
  /** Without marks, with plain spaces, trimmed. For app-written lines of iOS, whom iOS put them under. */
  readonly author: string | undefined;
  /** As written, lines parted by `\n`, without the mark that iOS puts before what it wrote itself. */
  readonly body: string;
  readonly kind: "message" | "system";
  readonly meaning: Meaning;
  /** Equal for the same record in exports of any language that we know. For matching, never for showing. */
  readonly canonicalBody: string;
  readonly multiline: boolean;
  /** Why someone should look closer. An export is never proof of who wrote what. */
  readonly suspect: "earlier-than-previous" | "author-once" | undefined;
}

/** A batch is handed on at so many records or bytes, whichever comes first. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** So many lines are looked at for headers of other phones' exports. */
const MAX_FOREIGN_LOOKS = 2_000;
/** In a shorter file everybody is new. */
const MIN_RECORDS_FOR_ONCE = 20;

const SYSTEM: Meaning = { type: "system", edited: false };

export interface EntryReading {
  readonly survey: Survey;
  readonly batchRecords: number;
  readonly hasFile: (name: string) => boolean;
  readonly log: WarningLog;
  /** Told, once all has been read, how many bytes come before the first record and are part of none. */
  readonly leading: (bytes: number) => void;
}

/** The second pass: yields the records of a text in batches, in file order. Memory does not depend on its length. */
export async function* readEntries(
  text: AsyncIterable<Uint8Array>,
  reading: EntryReading,
): AsyncGenerator<Entry[]> {
  const { survey, log, batchRecords } = reading;
  const { shape, order } = survey.dialect;
  const readDate = dateReader(order);
  const toEntry = entryReader(reading);
  let batch: Entry[] = [];
  let ready: Entry[][] = [];
  let batchBytes = 0;
  let looksLeft = MAX_FOREIGN_LOOKS;
  const impossible = survey.decidedBy === "operator" ? "order-contradicted" : "date-impossible";

  const accept = (header: Header, line: number) => {
    if (readDate(header) !== undefined) return true;
    log.note(impossible, line);
    return false;
  };
  const record = (frame: Frame) => {
    const date = readDate(frame.header);
    if (date === undefined) return;
    batch.push(toEntry(frame, date));
    batchBytes += frame.end - frame.start;
    if (batch.length < batchRecords && batchBytes < BATCH_BYTES) return;
    ready.push(batch);
    batch = [];
    batchBytes = 0;
  };
  const other = (bytes: Buffer, from: number, to: number, line: number) => {
    if (!mayBeHeader(bytes[from] ?? 0) || looksLeft === 0) return;
    looksLeft -= 1;
    const found = readShape(bytes.toString("utf8", from, Math.min(to, from + 480)));
    if (found !== undefined && found.label !== shape.label) log.note("foreign-header", line);
  };

  let extent: Extent | undefined;
  for await (const read of frames(text, { matcher: matcher(shape), accept, record, other })) {
    extent = read;
    const whole = ready;
    ready = [];
    yield* whole;
  }
  yield* ready;
  if (extent !== undefined && extent.leadingLines > 0) log.note("leading-text", 1, extent.leadingLines);
  reading.leading(extent?.leadingBytes ?? 0);
  if (batch.length > 0) yield batch;
}

function mayBeHeader(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x5b || byte === 0xe2;
}

/** Makes entries of frames. Keeps what one record must know of those before it. */
function entryReader({ survey, log, hasFile }: EntryReading): (frame: Frame, date: ReadDate) => Entry {
  const { shape, parts, marksAppText } = survey.dialect;
  const { platform } = shape;
  const readAuthor = authorReader(survey.title);
  const readNotice = noticeReader();
  const context: BodyContext = { platform, marksAppText, hasFile };
  const countsOnce = survey.records >= MIN_RECORDS_FOR_ONCE && survey.authors.size > 2;
  let previous = 0;
  let previousTime = "";

  const isSystem = (
    author: string | undefined,
    body: string,
    meaning: Meaning,
    notice: () => Notice | undefined,
  ) => {
    if (author === undefined) return true;
    if (platform === "android" || meaning.type !== "text") return false;
    if (isMarked(body)) return true;
    const type = marksAppText ? undefined : notice()?.type;
    return type === "encryption" || type === "group-created";
  };

  const suspicion = (time: number, author: string | undefined, kind: Entry["kind"]): Entry["suspect"] => {
    if (time < previous) return "earlier-than-previous";
    if (kind === "message" && countsOnce && survey.authors.get(author ?? "") === 1) return "author-once";
    return undefined;
  };

  return (frame, date) => {
    const { bytes, start, end, line, header } = frame;
    const second = secondOfDay(header, parts);
    const time = ((date.year * 12 + date.month) * 31 + date.day) * 86_400 + second;
    const localTime = time === previous ? previousTime : date.iso + timeText(second);
    const { author, bodyAt } = readAuthor(bytes, start + frame.headerBytes, end);
    const bodyEnd = withoutLineEnd(bytes, bodyAt, end);
    const decoded = bytes.toString("utf8", bodyAt, bodyEnd);
    const isAscii = decoded.length === bodyEnd - bodyAt;
    const read = frame.lines > 1 && decoded.includes("\r\n") ? decoded.replaceAll("\r\n", "\n") : decoded;
    const reading = author === undefined ? undefined : readBody(read, context, isAscii);
    const system = reading === undefined || isSystem(author, read, reading.meaning, () => readNotice(read));
    const kind = system ? "system" : "message";
    let meaning = reading?.meaning ?? SYSTEM;
    let canonicalBody = reading?.canonicalBody ?? "";
    if (system) {
      const notice = readNotice(read);
      if (notice === undefined) log.note("app-text-unknown", line);
      meaning = notice === undefined ? SYSTEM : { type: "system", edited: false, notice };
      canonicalBody = notice?.canonical ?? canonicalText(read);
    }
    if (frame.sha256 !== undefined) {
      log.note("record-cut", line);
      canonicalBody += `\u0000sha256:${frame.sha256}`;
    }
    if (!frame.clean) noteBytes(frame, log);
    const suspect = suspicion(time, author, kind);
    if (suspect !== undefined) log.note(suspect, line);
    previous = time;
    previousTime = localTime;
    return {
      line,
      offsetBytes: frame.offsetBytes,
      lengthBytes: frame.lengthBytes,
      raw: bytes.subarray(start, end),
      localTime,
      author,
      body: platform === "ios" && isMarked(read) ? read.slice(1) : read,
      kind,
      meaning,
      canonicalBody,
      multiline: frame.lines > 1 && read.includes("\n"),
      suspect,
    };
  };
}

function withoutLineEnd(bytes: Buffer, from: number, end: number): number {
  let to = end;
  if (to > from && bytes[to - 1] === 0x0a) to -= 1;
  if (to > from && bytes[to - 1] === 0x0d) to -= 1;
  return to;
}

function noteBytes({ bytes, start, end, line, sha256 }: Frame, log: WarningLog): void {
  const raw = bytes.subarray(start, end);
  // A record that was cut may end inside a character.
  if (sha256 === undefined && !isUtf8(raw)) log.note("not-utf8", line);
  if (raw.includes("\ufffd")) log.note("characters-lost", line);
}
