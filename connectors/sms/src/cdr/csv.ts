import { CdrRefusal } from "./options.ts";

const MAX_ROW = 64 * 1024;

export interface CsvRow {
  /** On which it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads a table row by row, in bounded memory. Empty lines are none. A quotation mark within a field that does not begin with one is
 * a character like others.
 *
 * @throws {CdrRefusal} for a row of more than 64 KiB, a quotation mark that is never closed or has something after it, and bytes that
 * are no UTF-8
 * @see RFC 4180
 */
export async function* csvRows(bytes: AsyncIterable<Uint8Array>, delimiter: string): AsyncGenerator<CsvRow> {
  const plain = new RegExp(`[^${delimiter}\n]*`, "y");
  const next = (text: string, from: number) => rowAt(text, from, { delimiter, plain, line });
  let rest = "";
  let line = 1;
  for await (const text of decoded(bytes)) {
    rest += text;
    let from = 0;
    for (let row = next(rest, from); row; row = next(rest, from)) {
      if (!isEmpty(row)) yield { line, fields: row.fields };
      line += linesIn(rest, from, row.next);
      from = row.next;
    }
    rest = rest.slice(from);
    if (rest.length > MAX_ROW) throw tooLong(line);
  }
  if (rest.trim() === "") return;
  const last = next(`${rest}\n`, 0);
  if (!last) throw new CdrRefusal(`line ${line} has a quotation mark that is never closed`);
  yield { line, fields: last.fields };
}

async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new CdrRefusal("it is no UTF-8");
    }
  };
  for await (const chunk of bytes) yield decode(chunk);
  yield decode();
}

interface ReadRow {
  readonly fields: readonly string[];
  /** Where the next begins. */
  readonly next: number;
}

interface Form {
  readonly delimiter: string;
  /** What a field is that has no quotation marks around it; sticky. */
  readonly plain: RegExp;
  readonly line: number;
}

/** The row that begins there; undefined where its end has not come yet. */
function rowAt(text: string, from: number, { delimiter, plain, line }: Form): ReadRow | undefined {
  const fields: string[] = [];
  for (let at = from; ;) {
    const field = quotedAt(text, at, line) ?? plainAt(text, at, plain);
    const { end } = field;
    if (end >= text.length) return undefined;
    if (end - from > MAX_ROW) throw tooLong(line);
    if (text[end] !== delimiter && text[end] !== "\n")
      throw new CdrRefusal(`line ${line} has something after a quotation mark that closes a field`);
    fields.push(field.value);
    at = end + 1;
    if (text[end] === "\n") return { fields, next: at };
  }
}

/** A field, and where what follows it stands: beyond the text where it goes on. */
interface Field {
  readonly value: string;
  readonly end: number;
}

function plainAt(text: string, from: number, plain: RegExp): Field {
  plain.lastIndex = from;
  const value = plain.exec(text)?.[0] ?? "";
  return { value: value.replace(/\r$/, ""), end: from + value.length };
}

/** Undefined for a field that is in no quotation marks. */
function quotedAt(text: string, from: number, line: number): Field | undefined {
  let at = skipped(text, from, " ");
  if (text[at] !== '"') return undefined;
  let value = "";
  for (;;) {
    const close = text.indexOf('"', at + 1);
    if (close < 0) return { value, end: Infinity };
    if (close - from > MAX_ROW) throw tooLong(line);
    value += text.slice(at + 1, close);
    if (text[close + 1] !== '"') return { value, end: skipped(text, close + 1, " \r") };
    value += '"';
    at = close + 1;
  }
}

function skipped(text: string, from: number, blanks: string): number {
  let at = from;
  while (at < text.length && blanks.includes(text.charAt(at))) at += 1;
  return at;
}

function isEmpty({ fields }: ReadRow): boolean {
  return fields.length === 1 && fields[0] === "";
}

function linesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

function tooLong(line: number): CdrRefusal {
  return new CdrRefusal(`line ${line} is longer than any row is`);
}
