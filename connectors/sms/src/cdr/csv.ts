import { CdrRefusal } from "./options.ts";

const MAX_LINE = 64 * 1024;

export interface CsvRow {
  /** From 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads a table row by row, in bounded memory. Empty lines are none.
 *
 * @throws {CdrRefusal} for a row of more than 64 KiB, a quotation mark that is never closed, and bytes that are no UTF-8
 * @see RFC 4180
 */
export async function* csvRows(bytes: AsyncIterable<Uint8Array>, delimiter: string): AsyncGenerator<CsvRow> {
  let rest = "";
  let line = 0;
  for await (const text of decoded(bytes)) {
    rest += text;
    let from = 0;
    for (let end = endOf(rest, from); end >= 0; end = endOf(rest, from)) {
      line += 1;
      const row = rest.slice(from, end).replace(/\r$/, "");
      from = end + 1;
      if (row !== "") yield { line, fields: fieldsOf(row, delimiter, line) };
    }
    rest = rest.slice(from);
    if (rest.length > MAX_LINE) throw new CdrRefusal(`line ${line + 1} is longer than any row is`);
  }
  if (rest.trim() !== "")
    yield { line: line + 1, fields: fieldsOf(rest.replace(/\r$/, ""), delimiter, line + 1) };
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

/** Where a row ends that begins there: at the first line end outside of quotation marks; below 0 for one that goes on. */
function endOf(text: string, from: number): number {
  let isQuoted = false;
  for (let at = from; at < text.length; at += 1) {
    const one = text[at];
    if (one === '"') isQuoted = !isQuoted;
    else if (one === "\n" && !isQuoted) return at;
  }
  return -1;
}

function fieldsOf(row: string, delimiter: string, line: number): string[] {
  if (row.length > MAX_LINE) throw new CdrRefusal(`line ${line} is longer than any row is`);
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let at = 0; at < row.length; at += 1) {
    const one = row.charAt(at);
    if (one === '"' && isQuoted && row[at + 1] === '"') {
      field += one;
      at += 1;
    } else if (one === '"') isQuoted = !isQuoted;
    else if (one === delimiter && !isQuoted) {
      fields.push(field);
      field = "";
    } else field += one;
  }
  if (isQuoted) throw new CdrRefusal(`line ${line} has a quotation mark that is never closed`);
  return [...fields, field];
}
