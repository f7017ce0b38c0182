import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConnectorError } from "@daybook/contract";
import { META_SCHEMA, newCipher, openCipher } from "./file-cipher.ts";
import { beginLocked, isBusy } from "./sqlite.ts";
import { type FileKey, placeOf, type ValueCipher } from "./value-cipher.ts";

/** One row to write; without a value it goes. */
export interface Change<Kind extends string> {
  readonly kind: Kind;
  readonly name: string;
  /** Anything that JSON can say. */
  readonly value: unknown;
}

export interface StateFileOptions extends FileKey {
  readonly path: string;
  /** Whose file it is, for errors: `WhatsApp's connector`. */
  readonly whose: string;
  readonly now: () => Date;
}

interface Written {
  readonly kind: string;
  readonly name: string;
  readonly json: string | undefined;
}

/** Values that are opened before anything else has its turn. */
const EACH = 1_000;
const SCHEMA = `
  ${META_SCHEMA}
  CREATE TABLE value (kind TEXT NOT NULL, name BLOB NOT NULL, at INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (kind, name)) WITHOUT ROWID;
`;

/**
 * What a connector remembers between runs, by kind and name: one SQLite file, values encrypted, locked by the process that
 * has it open. A kill at any moment leaves all of a `write` or nothing.
 */
export class StateFile<in Kind extends string> {
  readonly #db: DatabaseSync;
  readonly #cipher: ValueCipher;
  readonly #options: StateFileOptions;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: { changes: Written[]; written: PromiseWithResolvers<void> } | undefined;

  private constructor(db: DatabaseSync, cipher: ValueCipher, options: StateFileOptions) {
    this.#db = db;
    this.#cipher = cipher;
    this.#options = options;
  }

  /**
   * Opens the file, or makes it.
   *
   * @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key
   */
  static open<Kind extends string>(options: StateFileOptions): StateFile<Kind> {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(options.path);
      beginLocked(db);
      const isMade = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
      if (!isMade) db.exec(SCHEMA);
      const cipher = isMade ? openCipher(db, options) : newCipher(db, options);
      db.exec("COMMIT");
      return new StateFile(db, cipher, options);
    } catch (cause) {
      db?.close();
      const why = isBusy(cause) ? "is in use by another process" : "is damaged, or under another key";
      throw new ConnectorError("malformed", `what ${options.whose} remembers ${why}`, { cause });
    }
  }

  /**
   * What was written last. A `write` under way is not seen.
   *
   * @throws {ConnectorError} `malformed` when the value was damaged or moved
   */
  get(kind: Kind, name: string): unknown {
    const key = this.#cipher.name(kind, name);
    const row = this.#statement("SELECT sealed FROM value WHERE kind = ? AND name = ?").get(kind, key);
    return row && this.#opened(row.sealed as Uint8Array, placeOf(kind, key));
  }

  has(kind: Kind, name: string): boolean {
    const key = this.#cipher.name(kind, name);
    return this.#statement("SELECT 1 FROM value WHERE kind = ? AND name = ?").get(kind, key) !== undefined;
  }

  /**
   * Everything of a kind, in no order.
   *
   * @throws {ConnectorError} `malformed` when a value was damaged or moved
   */
  all(kind: Kind): unknown[] {
    const rows = this.#statement("SELECT name, sealed FROM value WHERE kind = ?").all(kind);
    return rows.map(({ name, sealed }) =>
      this.#opened(sealed as Uint8Array, placeOf(kind, name as Uint8Array)),
    );
  }

  /**
   * Everything of a kind, some at a time: where there is too much to have at once. What is written between two of them may
   * be among it.
   *
   * @throws {ConnectorError} `malformed` when a value was damaged or moved
   */
  *each(kind: Kind): Generator<unknown[]> {
    const sql = "SELECT name, sealed FROM value WHERE kind = ? AND name > ? ORDER BY name LIMIT ?";
    for (let after: Uint8Array = Buffer.alloc(0); ;) {
      const rows = this.#statement(sql).all(kind, after, EACH);
      const last = rows.at(-1);
      if (!last) return;
      after = last.name as Uint8Array;
      yield rows.map(({ name, sealed }) =>
        this.#opened(sealed as Uint8Array, placeOf(kind, name as Uint8Array)),
      );
    }
  }

  /** How many there are of a kind. */
  count(kind: Kind): number {
    const row = this.#statement("SELECT count(*) AS n FROM value WHERE kind = ?").get(kind);
    return (row as { n: number }).n;
  }

  /**
   * Writes everything or nothing, together with what others write in the same moment. Durable once it resolves. May be
   * repeated.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable, when the disk takes nothing; what it held stands
   * @throws {TypeError} for a value that JSON cannot say: nothing of these changes is written
   */
  async write(changes: readonly Change<Kind>[]): Promise<void> {
    const written = changes.map(({ kind, name, value }) => ({ kind, name, json: JSON.stringify(value) }));
    if (written.length === 0) return;
    if (!this.#waiting) {
      this.#waiting = { changes: [], written: Promise.withResolvers() };
      setImmediate(() => this.#flush());
    }
    this.#waiting.changes.push(...written);
    return this.#waiting.written.promise;
  }

  /**
   * Forgets what was written before an instant, milliseconds since 1970.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable, when the disk takes nothing
   */
  forget(kind: Kind, before: number): void {
    try {
      this.#statement("DELETE FROM value WHERE kind = ? AND at < ?").run(kind, before);
    } catch (cause) {
      throw this.#unwritten(cause);
    }
  }

  /** Writes what is under way, and lets go of the file. */
  close(): void {
    this.#flush();
    this.#statements.clear();
    this.#db.close();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!waiting) return;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const one of waiting.changes) this.#put(one);
      this.#db.exec("COMMIT");
      waiting.written.resolve();
    } catch (cause) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec("ROLLBACK");
      waiting.written.reject(this.#unwritten(cause));
    }
  }

  #put({ kind, name, json }: Written): void {
    const key = this.#cipher.name(kind, name);
    if (json === undefined) {
      this.#statement("DELETE FROM value WHERE kind = ? AND name = ?").run(kind, key);
      return;
    }
    const sealed = this.#cipher.seal(Buffer.from(json), placeOf(kind, key));
    const at = this.#options.now().getTime();
    this.#statement("INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?)").run(kind, key, at, sealed);
  }

  #opened(sealed: Uint8Array, place: string): unknown {
    try {
      return JSON.parse(Buffer.from(this.#cipher.open(sealed, place)).toString()) as unknown;
    } catch (cause) {
      throw new ConnectorError("malformed", `what ${this.#options.whose} remembers is damaged`, { cause });
    }
  }

  #unwritten(cause: unknown): ConnectorError {
    const why = `the disk takes nothing of what ${this.#options.whose} has to remember`;
    return new ConnectorError("store-unavailable", why, { cause });
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}
