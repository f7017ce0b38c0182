import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { ConnectorError } from "@daybook/contract";
import { findTable, type Table } from "../../database/table.ts";
import { digestOf } from "../../reading/entry.ts";
import { Messages } from "../../reading/messages.ts";
import { fileAt } from "./file-at.ts";
import {
  type Differences,
  FILES,
  filesOf,
  type Place,
  type ReadRow,
  type SeenRow,
  SeenRows,
} from "./seen-rows.ts";

/** Nothing else is done meanwhile, and it is tried again at the next look. */
const BUSY_MS = 100;
/** Messages that are looked at for whether they went out: so many by iMessage, among so many rows. */
const NEWEST = 20;
const NEWEST_ROWS = 1_000;
/** Dates are nanoseconds since then. */
const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);
/** Recently Deleted, and ids of what was deleted. */
const BIN = "chat_recoverable_message_join";
const GRAVES = "deleted_messages";
/** No ROWID is higher. */
const LAST = 2n ** 63n - 1n;
/** By what a database is known again. */
export interface Anchors {
  readonly rows: readonly (readonly [string, string])[];
  /** The highest ROWID that was ever given; SQLite never gives one twice. */
  readonly given?: string | undefined;
}

/** The messages database of this Mac, while Messages writes to it: nothing is written to it, and its log is read with it. */
export class LiveDatabase {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #file: string;
  readonly #table: Table;
  /** The table that joins files to their messages. */
  readonly #files: Table | undefined;
  readonly #seen: SeenRows;
  /** Moves when a table is made, or gets another column. */
  readonly #schema: bigint;
  readonly #statements = new Map<string, StatementSync>();
  readonly #tables = new Map<string, Table | undefined>();
  /** Rows that join a file to its message were asked for up to it. */
  #joined: bigint;

  private constructor(db: DatabaseSync, path: string, file: string) {
    this.#db = db;
    this.#path = path;
    this.#file = file;
    const table = findTable(db, "message");
    if (!table?.has("guid") || !table.has("date"))
      throw new ConnectorError("not-an-export", "it has no table of messages with ids and dates");
    this.#table = table;
    this.#files = filesOf(db);
    this.#seen = new SeenRows(db, table);
    this.#joined = this.#lastJoined();
    this.#schema = this.#pragma("schema_version");
  }

  /**
   * Opens it, read-only.
   *
   * @throws {ConnectorError} `not-an-export`: another schema; `malformed`: damaged
   * @throws the system's error, where it is not there or may not be read
   */
  static open(path: string): LiveDatabase {
    const file = fileAt(path);
    const db = new DatabaseSync(path, {
      readOnly: true,
      allowExtension: false,
      defensive: true,
      readBigInts: true,
      timeout: BUSY_MS,
    });
    try {
      db.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
      return new LiveDatabase(db, path, file);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** It moves with every commit of another process. */
  get version(): bigint {
    return this.#pragma("data_version");
  }

  /** Another file lies at its path. */
  get isMoved(): boolean {
    return fileAt(this.#path) !== this.#file;
  }

  /** Its tables are others than when it was opened. */
  get isRebuilt(): boolean {
    return this.#pragma("schema_version") !== this.#schema;
  }

  /** The highest ROWID. */
  get last(): bigint {
    return this.#lastOf("message");
  }

  /** What was handed over before this process began, with how it was then. */
  remember(rows: Iterable<SeenRow & { readonly mark?: string | undefined }>): void {
    this.#within(() => this.#seen.remember(rows));
  }

  /** Rows are as they are now: they differ when they change again. */
  saw(rows: readonly ReadRow[]): void {
    this.#within(() => this.#seen.saw(rows));
  }

  /** They are known to be gone. */
  forget(rows: readonly bigint[]): void {
    this.#within(() => this.#seen.forget(rows));
  }

  /** Rows above one: the first of them, up to another, where so few are asked for. */
  after(rowid: bigint, { through = LAST, most = -1 }: { through?: bigint; most?: number } = {}): bigint[] {
    const sql = "SELECT ROWID AS row FROM main.message NOT INDEXED WHERE ROWID > ? AND ROWID <= ?";
    return this.#rowids(`${sql} ORDER BY ROWID LIMIT ?`, rowid, through, most);
  }

  /**
   * Rows that files were joined to since this was asked last: Messages may write a message first, and its files later. One
   * that is joined under a number that was given before is among the `differences` alone.
   */
  newlyJoined(): bigint[] {
    if (!filesOf(this.#db)) return [];
    const last = this.#lastJoined();
    const sql = `SELECT DISTINCT message_id AS row FROM main.${FILES} NOT INDEXED WHERE ROWID > ? AND typeof(message_id) = 'integer'`;
    const rows = last > this.#joined ? this.#rowids(sql, this.#joined) : [];
    this.#joined = last;
    return rows;
  }

  /** Of the newest rows, up to one, those that differ from what was seen of them. */
  recent(last: bigint): bigint[] {
    return this.#within(() => this.#seen.recent(last));
  }

  /** Of the rows of messages since then, milliseconds since 1970, those that differ from what was seen of them. */
  since(ms: number): bigint[] {
    const date = BigInt(Math.round(ms - APPLE_EPOCH_MS)) * 1_000_000n;
    return this.#within(() => this.#seen.since(date));
  }

  /** Compares a part of everything, from a place on, with what was seen of it. */
  compare(place: Place): Differences {
    return this.#within(() => this.#seen.compare(place));
  }

  /** What was put among the recently deleted: the message's row, and when. */
  binned(): [bigint, bigint][] {
    if (!this.#find(BIN)?.has("message_id")) return [];
    const at = this.#find(BIN)?.has("delete_date") ? "delete_date" : "0";
    const sql = `SELECT message_id AS row, ${at} AS at FROM main.${BIN} NOT INDEXED WHERE typeof(message_id) = 'integer'`;
    return this.#all(sql).map(({ row, at }) => [row as bigint, typeof at === "bigint" ? at : 0n]);
  }

  /** Ids of which nothing else is left, above a ROWID of theirs. */
  *tombstones(after = 0n): Generator<SeenRow> {
    const graves = this.#find(GRAVES);
    if (!graves || this.#lastOf(GRAVES) <= after) return;
    for (const row of graves.rows(`ROWID > ${after}`, 1_024)) {
      const guid = row.text("guid");
      if (guid !== undefined && guid.length <= 512) yield { rowid: row.rowid, guid };
    }
  }

  /** Rows with what other tables say of them, in one transaction. */
  read(rowids: readonly bigint[]): ReadRow[] {
    return this.#within(() =>
      [...new Messages(this.#db, rowids, this.#find).found()].map((found) => this.#seen.asRead(found)),
    );
  }

  /** The first rows: each ROWID, with a digest of its id. */
  anchors(count: number): [string, string][] {
    const sql = "SELECT ROWID AS row, guid FROM main.message NOT INDEXED ORDER BY ROWID LIMIT ?";
    return this.#all(sql, count).map((row) => [String(row.row), anchorOf(row)]);
  }

  /** Whether it is the one that these were taken of, and has not been put back to before. */
  isThatOf({ rows, given }: Anchors): boolean {
    const now = this.given;
    if (given !== undefined && (now === undefined || BigInt(now) < BigInt(given))) return false;
    const find = this.#db.prepare("SELECT ROWID AS row, guid FROM main.message NOT INDEXED WHERE ROWID = ?");
    const there = rows.flatMap(([row, digest]) => {
      const found = find.get(BigInt(row));
      return found ? [anchorOf(found) === digest] : [];
    });
    return there.every(Boolean) && (there.length > 0 || rows.length === 0 || given !== undefined);
  }

  /** How many of the newest messages went out and came to nothing, with none that came in, or got out, after the first. */
  get unsent(): number {
    if (!["is_from_me", "error", "service"].every((column) => this.#table.has(column))) return 0;
    const newest = this.#all(
      `SELECT is_from_me = 1 AND error <> 0 AS failed FROM main.message NOT INDEXED
       WHERE ROWID > ? AND service = 'iMessage' ORDER BY ROWID DESC LIMIT ${NEWEST}`,
      this.last - BigInt(NEWEST_ROWS),
    );
    const others = newest.findIndex(({ failed }) => failed !== 1n);
    return others === -1 ? newest.length : others;
  }

  close(): void {
    this.#db.close();
  }

  /** The highest ROWID that was ever given; undefined where the database does not say. */
  get given(): string | undefined {
    try {
      const row = this.#statement("SELECT seq FROM main.sqlite_sequence WHERE name = 'message'").get();
      return typeof row?.seq === "bigint" ? String(row.seq) : undefined;
    } catch {
      // A table without AUTOINCREMENT has none.
      return undefined;
    }
  }

  #lastJoined(): bigint {
    return this.#files ? this.#lastOf(FILES) : 0n;
  }

  /** The highest ROWID of a table that there is. */
  #lastOf(table: string): bigint {
    const row = this.#statement(`SELECT max(ROWID) AS last FROM main.${table} NOT INDEXED`).get();
    return typeof row?.last === "bigint" ? row.last : 0n;
  }

  /** A table as it was when it was asked for first: see `isRebuilt`. */
  readonly #find = (name: string): Table | undefined => {
    if (!this.#tables.has(name)) this.#tables.set(name, findTable(this.#db, name));
    return this.#tables.get(name);
  };

  #within<T>(work: () => T): T {
    this.#db.exec("BEGIN");
    try {
      return work();
    } finally {
      // Of what an error has ended already there is nothing to end.
      if (this.#db.isTransaction) this.#db.exec("COMMIT");
    }
  }

  #rowids(sql: string, ...parameters: SQLInputValue[]): bigint[] {
    return this.#all(sql, ...parameters).map(({ row }) => row as bigint);
  }

  #all(sql: string, ...parameters: SQLInputValue[]) {
    return this.#statement(sql).all(...parameters);
  }

  #pragma(name: "data_version" | "schema_version"): bigint {
    return this.#statement(`PRAGMA ${name}`).get()?.[name] as bigint;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

function anchorOf({ guid }: Record<string, unknown>): string {
  return digestOf(String(guid));
}
