import type { Row, Value } from "../database/table.ts";
import type { Found } from "./found.ts";

/** Bytes of a record's `raw`, before base64. What is longer loses its longest values, each replaced by its length. */
const MAX_RAW_BYTES = 1_000_000;
const LARGEST_VALUES = [Number.POSITIVE_INFINITY, 64 * 1024, 1_024, 64];

export interface Raw {
  readonly bytes: Buffer;
  /** Some values are in the imported file alone. */
  readonly isCut: boolean;
}

/**
 * The evidence of an event: the row of `message` with all its columns, and the rows of `chat`, `handle`, `attachment` and
 * others that it names, as JSON. Text stands as text, a whole number as a number (beyond 2^53 as `{"integer": "…"}`),
 * a blob as `{"base64": "…"}`, a value that is left out for its length as `{"omittedBytes": n}`.
 *
 * @param more fields of whoever hands it over
 */
export function rawOf(found: Found, more: Readonly<Record<string, unknown>> = {}): Raw {
  for (const largest of LARGEST_VALUES) {
    const cut = { values: found.isCut ? 1 : 0 };
    const rows = (each: readonly Row[]) => each.map((row) => objectOf(row, largest, cut));
    const bytes = Buffer.from(
      JSON.stringify({
        ...more,
        message: objectOf(found.row, largest, cut),
        chats: rows(found.chats.map(({ row }) => row)),
        handles: rows(found.handles),
        attachments: rows(found.attachments),
        ...(found.binned.length > 0 && { recentlyDeleted: rows(found.binned) }),
      }),
    );
    if (bytes.length <= MAX_RAW_BYTES) return { bytes, isCut: cut.values > 0 };
  }
  const message = columnsOf(found.row, ["ROWID", "guid", "date"]);
  return { bytes: Buffer.from(JSON.stringify({ ...more, message })), isCut: true };
}

/** Some columns of a row, as JSON: for an event that only they tell of. */
export function rawOfColumns(row: Row, columns: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(columnsOf(row, columns)));
}

/** A row with all its columns, as `rawOf` has it, without what is longer than 1,024 bytes. */
export function jsonOfRow(row: Row): Record<string, unknown> {
  return objectOf(row, 1_024, { values: 0 });
}

function columnsOf(row: Row, columns: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column, jsonOf(row.value(column))]));
}

function objectOf(row: Row, largest: number, cut: { values: number }): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [column, value] of row.entries()) {
    const length = typeof value === "string" || value instanceof Uint8Array ? value.length : 0;
    if (length > largest) cut.values += 1;
    object[column] = length > largest ? { omittedBytes: length } : jsonOf(value);
  }
  return object;
}

function jsonOf(value: Value): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : { integer: value.toString() };
  }
  if (value instanceof Uint8Array)
    return { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  return value;
}
