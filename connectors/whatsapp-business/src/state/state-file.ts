import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { ConnectorError } from "@daybook/contract";
import { ValueCipher } from "./value-cipher.ts";

/** What is remembered between runs. */
export type StateKind = "conversation" | "person" | "media" | "had" | "relayed" | "coverage";

/** One row to write; without a value it goes. */
export interface Change {
  readonly kind: StateKind;
  readonly name: string;
  readonly value: unknown;
}

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE value (kind TEXT NOT NULL, name BLOB NOT NULL, at INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (kind, name)) WITHOUT ROWID;
`;
const CHECK = "this file's key";
const SALT_BYTES = 32;

/**
 * What the connector remembers: one SQLite file, values encrypted, locked by the process that has it open. Losing it loses
 * no message that was acknowledged, but media that were not fetched yet, and what became of messages under way.
 */
export class StateFile {
  readonly #db: DatabaseSync;
  readonly #cipher: ValueCipher;
  readonly #now: () => Date;
  #waiting: { changes: Change[]; written: PromiseWithResolvers<void> } | undefined;

  private constructor(db: DatabaseSync, cipher: ValueCipher, now: () => Date) {
    this.#db = db;
    this.#cipher = cipher;
    this.#now = now;
  }

  /**
   * Opens the file, or makes it.
   *
   * @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key
   */
  static open(path: string, key: Uint8Array, now: () => Date): StateFile {
    const db = new DatabaseSync(path);
    try {
      db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON;
        BEGIN IMMEDIATE;
      `);
      const isMade = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
      if (!isMade) db.exec(SCHEMA);
      const cipher = isMade ? openCipher(db, key) : newCipher(db, key);
      db.exec("COMMIT");
      return new StateFile(db, cipher, now);
    } catch (cause) {
      db.close();
      const why =
        "what WhatsApp's connector remembers is in use by another process, damaged or under another key";
      throw new ConnectorError("malformed", why, { cause });
    }
  }

  get(kind: StateKind, name: string): unknown {
    const key = this.#cipher.name(kind, name);
    const row = this.#db.prepare("SELECT sealed FROM value WHERE kind = ? AND name = ?").get(kind, key);
    return row && this.#opened(row.sealed as Uint8Array, kind, key);
  }

  /** Everything of a kind, in no order. */
  all(kind: StateKind): unknown[] {
    const rows = this.#db.prepare("SELECT name, sealed FROM value WHERE kind = ?").all(kind);
    return rows.map(({ name, sealed }) =>
      this.#opened(sealed as Uint8Array, kind, Buffer.from(name as Uint8Array)),
    );
  }

  /**
   * Writes everything or nothing, together with what others write in the same moment. Durable once it resolves.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable, when the disk takes nothing; what it held stands
   */
  write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve();
    if (!this.#waiting) {
      this.#waiting = { changes: [], written: Promise.withResolvers() };
      setImmediate(() => this.#flush());
    }
    this.#waiting.changes.push(...changes);
    return this.#waiting.written.promise;
  }

  /** Forgets what was written before an instant, milliseconds since 1970. */
  forget(kind: StateKind, before: number): void {
    this.#db.prepare("DELETE FROM value WHERE kind = ? AND at < ?").run(kind, before);
  }

  close(): void {
    this.#flush();
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
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      const why = "the disk takes nothing of what WhatsApp's connector has to remember";
      waiting.written.reject(new ConnectorError("store-unavailable", why, { cause }));
    }
  }

  #put({ kind, name, value }: Change): void {
    const key = this.#cipher.name(kind, name);
    if (value === undefined) {
      this.#db.prepare("DELETE FROM value WHERE kind = ? AND name = ?").run(kind, key);
      return;
    }
    const sealed = this.#cipher.seal(Buffer.from(JSON.stringify(value)), place(kind, key));
    this.#db
      .prepare("INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?)")
      .run(kind, key, this.#now().getTime(), sealed);
  }

  #opened(sealed: Uint8Array, kind: StateKind, key: Buffer): unknown {
    return JSON.parse(this.#cipher.open(sealed, place(kind, key)).toString()) as unknown;
  }
}

function place(kind: StateKind, key: Buffer): string {
  return `${kind}/${key.toString("hex")}`;
}

function newCipher(db: DatabaseSync, key: Uint8Array): ValueCipher {
  const salt = randomBytes(SALT_BYTES);
  const cipher = new ValueCipher(key, salt);
  const put = db.prepare("INSERT INTO meta VALUES (?, ?)");
  put.run("salt", salt);
  put.run("check", cipher.seal(Buffer.from(CHECK), "check"));
  return cipher;
}

function openCipher(db: DatabaseSync, key: Uint8Array): ValueCipher {
  const meta = (name: string) =>
    db.prepare("SELECT value FROM meta WHERE name = ?").get(name)?.value as Uint8Array | undefined;
  const [salt, check] = [meta("salt"), meta("check")];
  if (!salt || !check) throw new TypeError("not a file of this connector");
  const cipher = new ValueCipher(key, salt);
  cipher.open(check, "check");
  return cipher;
}
