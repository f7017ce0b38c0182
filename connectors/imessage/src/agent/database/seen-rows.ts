import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { findTable, type Table } from "../../database/table.ts";
import { digestOf } from "../../reading/entry.ts";
import type { Found } from "../../reading/found.ts";
import { READING } from "../reading/mac-reader.ts";
import { markOf, type RowState, stateIn } from "./row-mark.ts";

/** Columns that a row's events depend on; of those that are text or blobs, the length. */
const TELLING = ["date", "date_edited", "date_retracted", "date_read", "item_type", "handle_id"];
const MEASURED = ["text", "attributedBody", "message_summary_info"];
/** Joins files to their messages. */
export const FILES = "message_attachment_join";
const GUID = "ifnull(m.guid, 'row-' || m.ROWID)";
/** The newest rows: what is edited or unsent is nearly always among them. */
const RECENT = 500n;
/** Rows that are compared in one transaction. */
const PART_ROWS = 2_000;
/** No ROWID is lower, or higher. */
const FIRST = -(2n ** 63n);
const LAST = 2n ** 63n - 1n;

/** Of no row. */
const UNREAD: RowState = { values: ["unread"], files: [] };

/** A row, by its place and its id; of one without an id, `row-` and its place. */
export interface SeenRow {
  readonly rowid: bigint;
  readonly guid: string;
}

/** A row as it was when it was read. */
export interface ReadRow extends SeenRow {
  readonly found: Found;
  readonly state: RowState;
  /** The state, to be kept; undefined where it cannot be. */
  readonly mark: string | undefined;
}

/** How far a comparison of everything is: rows of messages first, then those that join files to them. */
export interface Place {
  readonly of: "rows" | "files";
  /** The last ROWID that was compared. */
  readonly after: bigint;
}
export const BEGINNING: Place = { of: "rows", after: FIRST };

/** What differs, in a part of everything, from what was seen. */
export interface Differences {
  readonly changed: readonly bigint[];
  /** Not there any more under their ROWID; `isElsewhere`: under another. */
  readonly gone: readonly (SeenRow & { readonly isElsewhere: boolean })[];
  /** Undefined: that was the last part. */
  readonly next: Place | undefined;
}

/** What was seen of the rows of a database: ids, dates and lengths, in memory alone, beside it. */
export class SeenRows {
  readonly #db: DatabaseSync;
  readonly #values: readonly string[];
  /** Whose values marks are. */
  readonly #as: string;
  /** The table that joins files to their messages, where there is all that it takes. */
  readonly #files: Table | undefined;
  readonly #statements = new Map<string, StatementSync>();

  /** @param db takes two tables into its temporary schema @param table `message` */
  constructor(db: DatabaseSync, table: Table) {
    this.#db = db;
    this.#values = [
      ...TELLING.filter((one) => table.has(one)).map((one) => `m.${one}`),
      ...MEASURED.filter((one) => table.has(one)).map((one) => `octet_length(m.${one})`),
    ];
    this.#as = digestOf(READING, ...this.#values).slice(0, 8);
    this.#files = findTable(db, "attachment") && filesOf(db);
    const columns = this.#values.map((_, i) => `, v${i}`).join("");
    db.exec(`CREATE TEMP TABLE seen (row INTEGER PRIMARY KEY, guid TEXT NOT NULL${columns})`);
    db.exec(
      "CREATE TEMP TABLE seen_files (row INTEGER, file INTEGER, PRIMARY KEY (row, file)) WITHOUT ROWID",
    );
  }

  /** What was handed over before this process began. A row without a mark that says how it was, differs. */
  remember(rows: Iterable<SeenRow & { readonly mark?: string | undefined }>): void {
    for (const { mark, ...row } of rows)
      this.#put(row, stateIn(this.#as, this.#values.length, mark) ?? UNREAD);
  }

  /** Rows are as they are now: they differ when they change again. */
  saw(rows: readonly ReadRow[]): void {
    for (const row of rows) this.#put(row, row.state);
  }

  /** They are known to be gone. */
  forget(rows: readonly bigint[]): void {
    for (const table of ["seen", "seen_files"])
      for (const row of rows) this.#statement(`DELETE FROM temp.${table} WHERE row = ?`).run(row);
  }

  /** How a row is now. */
  asRead(found: Found): ReadRow {
    const { rowid } = found.row;
    const sql = `SELECT ${GUID} AS guid, ${this.#values.map((value, i) => `${value} AS v${i}`).join()}
      FROM main.message AS m NOT INDEXED WHERE m.ROWID = ?`;
    const { guid, ...values } = this.#statement(sql).get(rowid) as Record<string, SQLOutputValue>;
    const state = {
      values: Object.values(values),
      files: found.attachments.map((file) => file.rowid),
    };
    return { rowid, guid: String(guid), found, state, mark: markOf(this.#as, state) };
  }

  /** Of the newest rows, up to one, those that differ. */
  recent(last: bigint): bigint[] {
    return this.#differing("main.message AS m NOT INDEXED", "m.ROWID > ? AND m.ROWID <= ?", [
      last - RECENT,
      last,
    ]);
  }

  /** Of the rows of messages since then, as the database has its dates, those that differ: found by its index of dates. */
  since(date: bigint): bigint[] {
    return this.#differing("main.message AS m", "m.date > ?", [date]);
  }

  /** Compares the next part of everything with what was seen of it. */
  compare({ of, after }: Place): Differences {
    return of === "rows" ? this.#compareRows(after) : this.#compareFiles(after);
  }

  #compareRows(after: bigint): Differences {
    const end = this.#endOf("message", after);
    const range = [after, end ?? LAST];
    const changed = this.#differing("main.message AS m NOT INDEXED", "m.ROWID > ? AND m.ROWID <= ?", range);
    // Where none of them differs, each was seen: then there is one less where one is gone.
    const isAsMany =
      changed.length === 0 &&
      this.#count("temp.seen", "row", range) === this.#count("main.message", "ROWID", range);
    const next: Place = end === undefined ? { of: "files", after: FIRST } : { of: "rows", after: end };
    return { changed, gone: isAsMany ? [] : this.#gone(range), next };
  }

  #gone(range: readonly bigint[]): Differences["gone"] {
    return this.#statement(
      `SELECT s.row, s.guid, EXISTS (SELECT 1 FROM main.message AS e WHERE e.guid = s.guid) AS elsewhere
       FROM temp.seen AS s WHERE s.row > ? AND s.row <= ? AND NOT EXISTS (
         SELECT 1 FROM main.message AS m NOT INDEXED WHERE m.ROWID = s.row AND ${GUID} = s.guid)`,
    )
      .all(...range)
      .map(({ row, guid, elsewhere }) => ({
        rowid: row as bigint,
        guid: guid as string,
        isElsewhere: elsewhere === 1n,
      }));
  }

  /** Rows with a file that was not there when they were read: the file's own row may come after the one that joins it. */
  #compareFiles(after: bigint): Differences {
    if (!this.#files) return { changed: [], gone: [], next: undefined };
    const end = this.#endOf(FILES, after);
    const changed = this.#rowids(
      `SELECT DISTINCT j.message_id AS row FROM main.${FILES} AS j NOT INDEXED
       JOIN main.attachment AS a NOT INDEXED ON a.ROWID = j.attachment_id
       WHERE j.ROWID > ? AND j.ROWID <= ? AND typeof(j.message_id) = 'integer' AND typeof(j.attachment_id) = 'integer'
         AND NOT EXISTS (
           SELECT 1 FROM temp.seen_files AS f WHERE f.row = j.message_id AND f.file = j.attachment_id)`,
      after,
      end ?? LAST,
    );
    return { changed, gone: [], next: end === undefined ? undefined : { of: "files", after: end } };
  }

  /** The last ROWID of the part after one; undefined where that is the last part. */
  #endOf(table: string, after: bigint): bigint | undefined {
    const sql = `SELECT ROWID AS row FROM main.${table} NOT INDEXED WHERE ROWID > ? ORDER BY ROWID LIMIT 1 OFFSET ${PART_ROWS - 1}`;
    return this.#rowids(sql, after)[0];
  }

  #count(table: string, place: string, range: readonly bigint[]): unknown {
    const sql = `SELECT count(*) AS n FROM ${table} NOT INDEXED WHERE ${place} > ? AND ${place} <= ?`;
    return this.#statement(sql).get(...range)?.n;
  }

  /** Rows that are fit, and differ from what was seen of them. */
  #differing(from: string, where: string, parameters: readonly SQLInputValue[]): bigint[] {
    const differs = [`s.guid IS NOT ${GUID}`, ...this.#values.map((value, i) => `s.v${i} IS NOT ${value}`)];
    return this.#rowids(
      `SELECT m.ROWID AS row FROM ${from} LEFT JOIN temp.seen AS s ON s.row = m.ROWID
       WHERE ${where} AND (${differs.join(" OR ")})`,
      ...parameters,
    );
  }

  #put({ rowid, guid }: SeenRow, { values, files }: RowState): void {
    const row = [rowid, guid, ...this.#values.map((_, i) => values[i] ?? null)];
    this.#statement(`INSERT OR REPLACE INTO temp.seen VALUES (${row.map(() => "?").join()})`).run(...row);
    const put = this.#statement("INSERT OR IGNORE INTO temp.seen_files (row, file) VALUES (?, ?)");
    for (const file of files) put.run(rowid, file);
  }

  #rowids(sql: string, ...parameters: readonly SQLInputValue[]): bigint[] {
    return this.#statement(sql)
      .all(...parameters)
      .map(({ row }) => row as bigint);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

/** The table that joins files to their messages, where it is as it has to be. */
export function filesOf(db: DatabaseSync): Table | undefined {
  const files = findTable(db, FILES);
  return files?.has("message_id") && files.has("attachment_id") ? files : undefined;
}
