import { parse } from "csv-parse/sync";
import { MAX_IMPORT_LINES } from "./post-facts.ts";

/** What a file may have, in any order: `name` on every line, the others as they are known. */
export const COLUMNS = [
  "name",
  "post",
  "unit",
  "group",
  "kind",
  "post_from",
  "post_to",
  "basis",
  "network",
  "method",
  "number",
  "account_from",
  "account_to",
  "device",
  "ownership",
  "device_from",
  "device_to",
] as const;
export type Column = (typeof COLUMNS)[number];

/** What is wrong with a file, and where: never what stands there. */
export interface ImportProblem {
  /** From 1, the header's; null for the file as a whole. */
  readonly line: number | null;
  readonly column: Column | null;
  readonly problem: string;
}

export interface ImportLine {
  readonly line: number;
  readonly cells: Readonly<Partial<Record<Column, string>>>;
}

const MAX_CELL = 1_024;

/**
 * Reads a file of comma-separated values with a header line: UTF-8, fields quoted as RFC 4180 says. Empty cells are as
 * absent ones; a line with too few or too many is wrong.
 */
export function readImport(text: string): { lines: ImportLine[]; problems: ImportProblem[] } {
  const whole = (problem: string, line: number | null = null) => ({
    lines: [],
    problems: [{ line, column: null, problem }],
  });
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: 64 * 1_024,
      to: MAX_IMPORT_LINES + 2,
    }) as unknown as typeof records;
  } catch (error) {
    const { lines } = error as { lines?: number };
    return whole("is not well-formed CSV: is a quotation mark not closed?", lines ?? null);
  }
  const [header, ...rows] = records;
  if (!header) return whole("the file is empty");
  if (rows.length > MAX_IMPORT_LINES) return whole(`a file has ${MAX_IMPORT_LINES} lines at most: split it`);
  const names = header.record.map((one) =>
    one
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, "_"),
  );
  const unknown = names.findIndex((one) => !isColumn(one));
  if (unknown >= 0) {
    return whole(`column ${unknown + 1} of the header is none of ${COLUMNS.join(", ")}`, header.info.lines);
  }
  if (new Set(names).size < names.length)
    return whole("a column of the header stands there twice", header.info.lines);
  if (!names.includes("name")) return whole("the header has no column `name`", header.info.lines);
  if (rows.length === 0) return whole("the file has a header and no line");
  const lines: ImportLine[] = [];
  const problems: ImportProblem[] = [];
  for (const { record, info } of rows) {
    const line = info.lines;
    if (record.length !== names.length) {
      problems.push({
        line,
        column: null,
        problem: `has ${record.length} cells where the header has ${names.length}`,
      });
      continue;
    }
    const cells: Partial<Record<Column, string>> = {};
    for (const [i, raw] of record.entries()) {
      const column = names[i] as Column;
      const cell = raw.trim();
      if (cell.length > MAX_CELL) {
        problems.push({ line, column, problem: `is longer than ${MAX_CELL} characters` });
      } else if (/\p{Cc}|\ufffd/u.test(cell)) {
        problems.push({ line, column, problem: "has characters that are no text: save the file as UTF-8" });
      } else if (cell !== "") cells[column] = cell;
    }
    if (cells.name === undefined && !problems.some((one) => one.line === line && one.column === "name"))
      problems.push({ line, column: "name", problem: "is empty: whose is it?" });
    lines.push({ line, cells });
  }
  return { lines, problems };
}

function isColumn(name: string): name is Column {
  return (COLUMNS as readonly string[]).includes(name);
}
