import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { findTable, type Table } from "../../database/table.ts";
import type { Found } from "../../reading/found.ts";

/** Columns that a row's events depend on; of those that are text or blobs, the length. */
const TELLING = ["date", "date_edited", "date_retracted", "date_read", "item_type", "handle_id"];
const MEASURED = ["text", "attributedBody", "message_summary_info"];
/** Joins files to their messages. */
export const FILES = "message_attachment_join";
const GUID = "ifnull(m.guid, 'row-' || m.ROWID)";
/** The newest rows: what is edited or unsent is nearly always among them. */
const RECENT = 500n;

/** A row, by its place and its id; of one without an id, `row-` and its place. */
export interface SeenRow {
  readonly rowid: bigint;
  readonly guid: string;
}

/** A row as it was when it was read. */
export interface ReadRow extends SeenRow {
  readonly found: Found;
  /** Another where anything that tells of an event has changed. */
  readonly mark: string;
}

/** What differs from what was seen. */
export interface Differences {
  readonly changed: readonly bigint[];
  /** Not there any more under their ROWID; `isElsewhere`: under another. */
  readonly gone: readonly (SeenRow & { readonly isElsewhere: boolean })[];
}

/** What was seen of the rows of a database: ids, dates and lengths, in memory alone, beside it. */
export class SeenRows {
  readonly #db: DatabaseSync;
  readonly #table: Table;
  readonly #mark: string;
  readonly #statements = new Map<string, StatementSync>();

  /** @param db takes two tables into its temporary schema @param table `message` */
  constructor(db: DatabaseSync, table: Table) {
    this.#db = db;
    this.#table = table;
    const parts = [GUID, ...TELLING.filter((one) => table.has(one)).map((one) => `ifnull(m.${one}, '')`)];
    parts.push(
      ...MEASURED.filter((one) => table.has(one)).map((one) => `ifnull(octet_length(m.${one}), '')`),
    );
    this.#mark = `(${parts.join(" || '/' || ")})`;
    db.exec("CREATE TEMP TABLE seen (row INTEGER PRIMARY KEY, guid TEXT NOT NULL, mark TEXT)");
    db.exec(
      "CREATE TEMP TABLE seen_files (row INTEGER, file INTEGER, PRIMARY KEY (row, file)) WITHOUT ROWID",
    );
  }

  /** What was handed over before this process began. */
  remember(rows: Iterable<SeenRow>): void {
    const put = this.#statement("INSERT OR REPLACE INTO temp.seen (row, guid) VALUES (?, ?)");
    for (const { rowid, guid } of rows) put.run(rowid, guid);
  }

  /** Rows are as they are now: they differ when they change again. */
  saw(rows: readonly ReadRow[]): void {
    const put = this.#statement("INSERT OR REPLACE INTO temp.seen (row, guid, mark) VALUES (?, ?, ?)");
    const putFile = this.#statement("INSERT OR IGNORE INTO temp.seen_files (row, file) VALUES (?, ?)");
    for (const { rowid, guid, mark, found } of rows) {
      put.run(rowid, guid, mark);
      for (const file of found.attachments) putFile.run(rowid, file.rowid);
    }
  }

  /** They are known to be gone. */
  forget(rows: readonly bigint[]): void {
    for (const table of ["seen", "seen_files"])
      for (const row of rows) this.#statement(`DELETE FROM temp.${table} WHERE row = ?`).run(row);
  }

  /** How a row is now. */
  markOf(rowid: bigint): { guid: string; mark: string } {
    const sql = `SELECT ${GUID} AS guid, ${this.#mark} AS mark FROM main.message AS m NOT INDEXED WHERE m.ROWID = ?`;
    const { guid, mark } = this.#statement(sql).get(rowid) as { guid: unknown; mark: unknown };
    return { guid: String(guid), mark: String(mark) };
  }

  /** Of the newest rows, up to one, those that differ. */
  recent(last: bigint): bigint[] {
    return this.#differing("m.ROWID > ? AND m.ROWID <= ?", [last - RECENT, last]);
  }

  /** Of all rows, those that differ and were edited or unsent at any time, or have a file that they had not. */
  edited(): bigint[] {
    const dates = ["date_edited", "date_retracted"].filter((one) => this.#table.has(one));
    const isEdited = dates.map((one) => `m.${one} > 0`).join(" OR ");
    const edited = dates.length > 0 ? this.#differing(isEdited, []) : [];
    return [...edited, ...this.#rowids(`SELECT DISTINCT message_id AS row FROM (${this.#withNewFiles})`)];
  }

  /** Whether there are as many rows as were seen, but for so many. */
  isAsMany(held: number): boolean {
    const sql = "SELECT (SELECT count(*) FROM main.message) - (SELECT count(*) FROM temp.seen) AS more";
    return Number((this.#statement(sql).get() as { more: bigint }).more) === held;
  }

  /** Compares every row, and what files it has, with what was seen of it. */
  differences(): Differences {
    const files = `m.ROWID IN (SELECT message_id FROM (${this.#withNewFiles}))`;
    return {
      changed: this.#differing("1", [], files),
      gone: this.#statement(
        `SELECT s.row, s.guid, s.guid IN (SELECT guid FROM main.message NOT INDEXED WHERE guid IS NOT NULL) AS elsewhere
         FROM temp.seen AS s WHERE NOT EXISTS (
           SELECT 1 FROM main.message AS m NOT INDEXED WHERE m.ROWID = s.row AND ${GUID} = s.guid)`,
      )
        .all()
        .map(({ row, guid, elsewhere }) => ({
          rowid: row as bigint,
          guid: guid as string,
          isElsewhere: elsewhere === 1n,
        })),
    };
  }

  /** Rows that are fit, and differ from what was seen of them. Without an OR, rows that are not fit are not looked up. */
  #differing(where: string, parameters: readonly SQLInputValue[], or?: string): bigint[] {
    const isDifferent = `s.mark IS NOT ${this.#mark}`;
    return this.#rowids(
      `SELECT m.ROWID AS row FROM main.message AS m NOT INDEXED LEFT JOIN temp.seen AS s ON s.row = m.ROWID
       WHERE (${where}) AND ${or === undefined ? isDifferent : `(${isDifferent} OR ${or})`} ORDER BY m.ROWID`,
      ...parameters,
    );
  }

  /** Rows with a file that was not there when they were read: the file's own row may come after the one that joins it. */
  get #withNewFiles(): string {
    if (!filesOf(this.#db) || !findTable(this.#db, "attachment")) return "SELECT 0 AS message_id WHERE 0";
    return `SELECT j.message_id FROM main.${FILES} AS j NOT INDEXED
      JOIN main.attachment AS a NOT INDEXED ON a.ROWID = j.attachment_id
      WHERE typeof(j.message_id) = 'integer' AND typeof(j.attachment_id) = 'integer' AND NOT EXISTS (
        SELECT 1 FROM temp.seen_files AS f WHERE f.row = j.message_id AND f.file = j.attachment_id)`;
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
