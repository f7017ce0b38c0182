import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConnectorError } from "@daybook/contract";
import { findTable, type Table } from "../../database/table.ts";
import { digestOf } from "../../reading/entry.ts";
import { Messages } from "../../reading/messages.ts";
import { fileAt } from "./file-at.ts";
import { type Differences, FILES, filesOf, type ReadRow, type SeenRow, SeenRows } from "./seen-rows.ts";

/** Nothing else is done meanwhile, and it is tried again at the next look. */
const BUSY_MS = 100;
/** Messages that are looked at for whether they went out. */
const NEWEST = 20;
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
  readonly #version: StatementSync;
  readonly #seen: SeenRows;
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
    this.#seen = new SeenRows(db, table);
    this.#joined = this.#lastJoined();
    this.#version = db.prepare("PRAGMA data_version");
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
    return (this.#version.get() as { data_version: bigint }).data_version;
  }

  /** Another file lies at its path. */
  get isMoved(): boolean {
    return fileAt(this.#path) !== this.#file;
  }

  /** What was handed over before this process began. */
  remember(rows: Iterable<SeenRow>): void {
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
    return this.#rowids(`${sql} ORDER BY ROWID LIMIT ${most}`, rowid, through);
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

  /** Of all rows, those that were edited or unsent, or were given a file, and differ; and whether there are others than were seen. */
  edited(held: number): { readonly changed: readonly bigint[]; readonly isAsMany: boolean } {
    return this.#within(() => ({ changed: this.#seen.edited(), isAsMany: this.#seen.isAsMany(held) }));
  }

  /** Compares every row, and what files it has, with what was seen of it. */
  differences(): Differences {
    return this.#within(() => this.#seen.differences());
  }

  /** What was put among the recently deleted: the message's row, and when. */
  binned(): [bigint, bigint][] {
    const rows = findTable(this.#db, "chat_recoverable_message_join")?.numbers(["message_id", "delete_date"]);
    return [...(rows ?? [])].flatMap(([row, at]) =>
      row !== undefined && row !== null ? [[row, at ?? 0n] satisfies [bigint, bigint]] : [],
    );
  }

  /** Ids of which nothing else is left, above a ROWID of theirs. */
  *tombstones(after = 0n): Generator<SeenRow> {
    for (const row of findTable(this.#db, "deleted_messages")?.rows(`ROWID > ${after}`, 1_024) ?? []) {
      const guid = row.text("guid");
      if (guid !== undefined && guid.length <= 512) yield { rowid: row.rowid, guid };
    }
  }

  /** Rows with what other tables say of them, in one transaction. */
  read(rowids: readonly bigint[]): ReadRow[] {
    return this.#within(() => {
      return [...new Messages(this.#db, rowids).found()].map((found) => {
        const { rowid } = found.row;
        return { rowid, found, ...this.#seen.markOf(rowid) };
      });
    });
  }

  /** The first rows, and what ROWIDs were given. */
  anchors(count: number): Anchors {
    const rows = this.#all(
      `SELECT ROWID AS row, guid FROM main.message NOT INDEXED ORDER BY ROWID LIMIT ${count}`,
    );
    return { rows: rows.map((row) => [String(row.row), anchorOf(row)] as const), given: this.#given() };
  }

  /** Whether it is the one that these were taken of, and has not been put back to before. */
  isThatOf({ rows, given }: Anchors): boolean {
    const now = this.#given();
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
       WHERE service = 'iMessage' ORDER BY ROWID DESC LIMIT ${NEWEST}`,
    );
    const others = newest.findIndex(({ failed }) => failed !== 1n);
    return others === -1 ? newest.length : others;
  }

  close(): void {
    this.#db.close();
  }

  #given(): string | undefined {
    try {
      const row = this.#db.prepare("SELECT seq FROM main.sqlite_sequence WHERE name = 'message'").get();
      return typeof row?.seq === "bigint" ? String(row.seq) : undefined;
    } catch {
      // A table without AUTOINCREMENT has none.
      return undefined;
    }
  }

  #lastJoined(): bigint {
    if (!filesOf(this.#db)) return 0n;
    const row = this.#db.prepare(`SELECT max(ROWID) AS last FROM main.${FILES} NOT INDEXED`).get();
    return typeof row?.last === "bigint" ? row.last : 0n;
  }

  #within<T>(work: () => T): T {
    this.#db.exec("BEGIN");
    try {
      return work();
    } finally {
      // Of what an error has ended already there is nothing to end.
      if (this.#db.isTransaction) this.#db.exec("COMMIT");
    }
  }

  #rowids(sql: string, ...parameters: bigint[]): bigint[] {
    return this.#all(sql, ...parameters).map(({ row }) => row as bigint);
  }

  #all(sql: string, ...parameters: bigint[]) {
    return this.#db.prepare(sql).all(...parameters);
  }
}

function anchorOf({ guid }: Record<string, unknown>): string {
  return digestOf(String(guid));
}
