import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { malformed } from "./malformed.ts";

/** A column's value as SQLite holds it. */
export type Value = null | bigint | number | string | Uint8Array;

/** One row, with all columns that its table has. */
export class Row {
  readonly rowid: bigint;
  readonly #places: ReadonlyMap<string, number>;
  readonly #values: readonly Value[];

  /** @param values ROWID first, then the columns */
  constructor(rowid: bigint, places: ReadonlyMap<string, number>, values: readonly Value[]) {
    this.rowid = rowid;
    this.#places = places;
    this.#values = values;
  }

  /** null also for a column that the table does not have. */
  value(column: string): Value {
    return this.#values[this.#places.get(column) ?? -1] ?? null;
  }

  text(column: string): string | undefined {
    const value = this.value(column);
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  integer(column: string): bigint {
    const value = this.value(column);
    return typeof value === "bigint" ? value : 0n;
  }

  blob(column: string): Buffer | undefined {
    const value = this.value(column);
    if (!(value instanceof Uint8Array) || value.length === 0) return undefined;
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }

  *entries(): Generator<readonly [string, Value]> {
    for (const [column, place] of this.#places) yield [column, this.#values[place] ?? null];
  }
}

const MAX_COLUMNS = 400;

/** A table of whatever columns this release of the system gave it. */
export class Table {
  readonly columns: readonly string[];
  readonly #db: DatabaseSync;
  readonly #name: string;

  constructor(db: DatabaseSync, name: string, columns: readonly string[]) {
    this.#db = db;
    this.#name = name;
    this.columns = columns;
  }

  has(column: string): boolean {
    return this.columns.includes(column);
  }

  /** Bytes of a row's values, without reading them. */
  get sizeExpression(): string {
    return this.columns.map((column) => `ifnull(octet_length(${quoted(column)}),0)`).join("+");
  }

  /**
   * Rows by ROWID, in its order, so that no index and no view of the database is asked.
   *
   * @param largestBytes a larger value comes as null
   * @throws {ConnectorError} `malformed`: damaged, or rows that come again and again
   */
  *rows(where = "1", largestBytes?: number): Generator<Row> {
    const list = this.columns.map((column) =>
      largestBytes === undefined
        ? quoted(column)
        : `CASE WHEN octet_length(${quoted(column)}) > ${String(largestBytes)} THEN NULL ELSE ${quoted(column)} END`,
    );
    const statement = prepared(
      this.#db,
      `SELECT ROWID, ${list.join(", ")} FROM ${quoted(this.#name)} NOT INDEXED WHERE ${where} ORDER BY ROWID`,
    );
    statement.setReturnArrays(true);
    const places = new Map(this.columns.map((column, i) => [column, i + 1]));
    let last: bigint | undefined;
    for (const found of iterated(statement, [])) {
      const values = found as unknown as Value[];
      const [rowid] = values;
      if (typeof rowid !== "bigint" || (last !== undefined && rowid <= last))
        throw malformed("its rows are out of order");
      last = rowid;
      yield new Row(rowid, places, values);
    }
  }

  /**
   * Whole numbers of the named columns, row by row, in the order of ROWIDs. A column that is missing gives nulls.
   *
   * @param isFew whether so few rows are wanted that the database's indexes may be asked: not one that somebody handed over
   */
  *numbers(
    columns: readonly string[],
    where = "1",
    { isFew = false }: { isFew?: boolean } = {},
  ): Generator<(bigint | null)[]> {
    const list = columns.map((column) => (this.has(column) ? quoted(column) : "NULL"));
    const statement = prepared(
      this.#db,
      `SELECT ${list.join(", ")} FROM ${quoted(this.#name)} ${isFew ? "" : "NOT INDEXED"} WHERE ${where}
       ${isFew ? "ORDER BY +ROWID" : ""}`,
    );
    statement.setReturnArrays(true);
    for (const row of iterated(statement, [])) {
      yield (row as unknown as SQLOutputValue[]).map((value) => (typeof value === "bigint" ? value : null));
    }
  }

  /** How many rows fit. */
  count(where = "1"): number {
    const statement = prepared(
      this.#db,
      `SELECT count(*) AS n FROM ${quoted(this.#name)} NOT INDEXED WHERE ${where}`,
    );
    const [row] = iterated(statement, []);
    return Number(row?.n ?? 0);
  }
}

/**
 * A real table of that name; undefined where there is none, or something else in its place, such as a view.
 *
 * @throws {ConnectorError} `malformed`: more columns than any system has
 */
export function findTable(db: DatabaseSync, name: string): Table | undefined {
  const schema = prepared(
    db,
    "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? AND rootpage > 0",
  );
  const [found] = iterated(schema, [name]);
  // A virtual table has no page of its own; one without row ids is none that Messages makes.
  if (!found || typeof found.sql !== "string" || /\bWITHOUT\s+ROWID\b/i.test(found.sql)) return undefined;
  const columns: string[] = [];
  for (const row of iterated(prepared(db, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0"), [
    name,
  ])) {
    if (typeof row.name === "string") columns.push(row.name);
  }
  if (columns.length > MAX_COLUMNS) throw malformed("a table has more columns than any system gives it");
  return new Table(db, name, columns.sort());
}

function prepared(db: DatabaseSync, sql: string): StatementSync {
  try {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  } catch (cause) {
    throw malformed("SQLite finds it damaged", cause);
  }
}

function* iterated(
  statement: StatementSync,
  parameters: readonly SQLInputValue[],
): Generator<Record<string, SQLOutputValue>> {
  try {
    yield* statement.iterate(...parameters);
  } catch (cause) {
    throw malformed("SQLite finds it damaged", cause);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
