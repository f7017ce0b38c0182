import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { beginLocked, isBusy, isFull, META_SCHEMA, placeOf, type ValueCipher } from "@daybook/keeping";
import { SignalError } from "../error.ts";
import type { Changes, Quarantined, ValueKind, Values } from "./changes.ts";
import { decodeEntry, encodeEntry, type Entry } from "./entry.ts";
import { newFile, openFile } from "./file-version.ts";
import { ValueCache } from "./value-cache.ts";

/** Kinds of which each value is read once, if ever. */
const USED_ONCE: ReadonlySet<ValueKind> = new Set(["prekey", "signed-prekey", "kyber-prekey", "kyber-used"]);

const SCHEMA = `
  ${META_SCHEMA}
  CREATE TABLE value (kind TEXT NOT NULL, name BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
  CREATE TABLE entry (number INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB NOT NULL);
  CREATE TABLE seen (digest BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE quarantine (digest BLOB PRIMARY KEY, sender BLOB NOT NULL, at INTEGER NOT NULL, asked INTEGER NOT NULL,
    sealed BLOB NOT NULL) WITHOUT ROWID;
  CREATE INDEX quarantine_sender ON quarantine (sender);
  CREATE INDEX seen_at ON seen (at);
`;

/** An entry and its place in the order; places are never used again. */
export interface NumberedEntry {
  readonly number: number;
  readonly entry: Entry;
}

/** Of one sender, the newest so many are quarantined: nobody fills the disk. The gaps of older ones stay open. */
const MOST_OF_ONE = 1_000;

/**
 * One account's state: ratchets, what was seen, what is quarantined, and the events that are not yet on the stream, in one
 * SQLite file. `commit` is durable when it returns. The file is locked by the process that has it open, and the lock goes
 * with the process. Values are encrypted: see ValueCipher.
 */
export class AccountFile implements Pick<Values, "get"> {
  readonly #db: DatabaseSync;
  readonly #cipher: ValueCipher;
  readonly #statements = new Map<string, StatementSync>();
  /** Nobody else writes to the file. */
  readonly #cache = new ValueCache();
  #hasQuarantined: boolean | undefined;

  private constructor(db: DatabaseSync, cipher: ValueCipher) {
    this.#db = db;
    this.#cipher = cipher;
  }

  /**
   * Opens the file, or makes it.
   *
   * @param key 32 bytes, the deployment's
   * @throws {SignalError} `account-open` when another has it; `account-unreadable`
   */
  static open(path: string, key: Uint8Array, mode: "open" | "create" = "open"): AccountFile {
    if (mode === "open" && !existsSync(path))
      throw new SignalError("account-unreadable", "there is no such account's file");
    const db = new DatabaseSync(path);
    try {
      beginLocked(db);
      const made = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
      if (!made) db.exec(SCHEMA);
      const cipher = made ? openFile(db, key) : newFile(db, key);
      db.exec("COMMIT");
      return new AccountFile(db, cipher);
    } catch (cause) {
      db.close();
      throw openingError(cause);
    }
  }

  get(kind: ValueKind, name: string): Uint8Array<ArrayBuffer> | undefined {
    const known = this.#cache.get(`${kind}/${name}`);
    if (known) return known.value;
    const key = this.#cipher.name(kind, name);
    const row = this.#statement("SELECT sealed FROM value WHERE kind = ? AND name = ?").get(kind, key) as
      { sealed: Uint8Array } | undefined;
    const value = row && this.#opened(row.sealed, placeOf(kind, key));
    if (!USED_ONCE.has(kind)) this.#cache.set(`${kind}/${name}`, value);
    return value;
  }

  /** Everything that is kept of a kind, in no order. */
  *all(kind: ValueKind): Generator<Uint8Array<ArrayBuffer>> {
    // A snapshot: whoever reads it may write meanwhile.
    const rows = this.#statement("SELECT name, sealed FROM value WHERE kind = ?").all(kind) as {
      name: Uint8Array;
      sealed: Uint8Array;
    }[];
    for (const { name, sealed } of rows) yield this.#opened(sealed, placeOf(kind, name));
  }

  hasSeen(digest: string): boolean {
    return (
      this.#statement("SELECT 1 FROM seen WHERE digest = ?").get(Buffer.from(digest, "hex")) !== undefined
    );
  }

  /**
   * Writes everything or nothing. Durable once it returns.
   *
   * @throws {SignalError} `unavailable` when the disk takes nothing; what the file held stands
   */
  commit(changes: Changes, now: number): void {
    if (changes.isEmpty) return;
    this.#transaction(() => this.#write(changes, now));
  }

  #write(changes: Changes, now: number): void {
    if (changes.cleared.size > 0) this.#cache.clear();
    for (const kind of changes.cleared) this.#statement("DELETE FROM value WHERE kind = ?").run(kind);
    for (const { kind, name, value } of changes.values.values()) this.#put(kind, name, value);
    for (const one of changes.entries)
      this.#statement("INSERT INTO entry (sealed) VALUES (?)").run(
        this.#cipher.seal(encodeEntry(one), "entry"),
      );
    for (const digest of changes.seen)
      this.#statement("INSERT OR IGNORE INTO seen VALUES (?, ?)").run(Buffer.from(digest, "hex"), now);
    if (changes.quarantined.length > 0 || changes.released.size > 0) this.#hasQuarantined = undefined;
    for (const one of changes.quarantined) this.#quarantine(one);
    for (const digest of changes.released)
      this.#statement("DELETE FROM quarantine WHERE digest = ?").run(Buffer.from(digest, "hex"));
  }

  /** The oldest entries, in order. */
  entries(limit: number): NumberedEntry[] {
    const rows = this.#statement("SELECT number, sealed FROM entry ORDER BY number LIMIT ?").all(limit) as {
      number: number;
      sealed: Uint8Array;
    }[];
    return rows.map(({ number, sealed }) => ({
      number,
      entry: decodeEntry(this.#opened(sealed, "entry")),
    }));
  }

  /** Entries that are on the stream leave the file, and what they leave to do is written, at once. */
  forget(throughNumber: number, changes?: Changes, now = 0): void {
    this.#transaction(() => {
      this.#statement("DELETE FROM entry WHERE number <= ?").run(throughNumber);
      if (changes) this.#write(changes, now);
    });
  }

  count(kind: ValueKind): number {
    const row = this.#statement("SELECT count(*) AS n FROM value WHERE kind = ?").get(kind);
    return (row as { n: number }).n;
  }

  get unsent(): number {
    return (this.#statement("SELECT count(*) AS n FROM entry").get() as { n: number }).n;
  }

  get quarantinedCount(): number {
    return (this.#statement("SELECT count(*) AS n FROM quarantine").get() as { n: number }).n;
  }

  /** What is quarantined of one sender, oldest first. */
  quarantinedOf(sender: string): Quarantined[] {
    if (!(this.#hasQuarantined ??= this.quarantinedCount > 0)) return [];
    const rows = this.#statement(
      "SELECT digest, at, sealed FROM quarantine WHERE sender = ? ORDER BY at",
    ).all(this.#cipher.name("quarantine", sender));
    return (rows as unknown as QuarantineRow[]).map((row) => this.#quarantined(row));
  }

  /** Those whose senders were not yet asked to send them again, oldest first. */
  quarantinedUnasked(): Quarantined[] {
    const rows = this.#statement(
      "SELECT digest, at, sealed FROM quarantine WHERE asked = 0 ORDER BY at LIMIT 1000",
    ).all();
    return (rows as unknown as QuarantineRow[]).map((row) => this.#quarantined(row));
  }

  /** Its sender was asked, or cannot be. */
  markAsked(digest: string): void {
    this.#transaction(() =>
      this.#statement("UPDATE quarantine SET asked = 1 WHERE digest = ?").run(Buffer.from(digest, "hex")),
    );
  }

  /** Forgets what was seen before an instant: longer ago than the server keeps messages. */
  forgetSeen(before: number): void {
    this.#transaction(() => this.#statement("DELETE FROM seen WHERE at < ?").run(before));
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #put(kind: ValueKind, name: string, value: Uint8Array | undefined): void {
    if (!USED_ONCE.has(kind)) this.#cache.set(`${kind}/${name}`, value && new Uint8Array(value));
    const key = this.#cipher.name(kind, name);
    if (value === undefined) {
      this.#statement("DELETE FROM value WHERE kind = ? AND name = ?").run(kind, key);
    } else {
      this.#statement("INSERT OR REPLACE INTO value VALUES (?, ?, ?)").run(
        kind,
        key,
        this.#cipher.seal(value, placeOf(kind, key)),
      );
    }
  }

  #quarantined({ digest, at, sealed }: QuarantineRow): Quarantined {
    const { sender, envelope } = decodeQuarantined(this.#opened(sealed, "quarantine"));
    return { digest: Buffer.from(digest).toString("hex"), sender, envelope, receivedAt: at };
  }

  #quarantine({ digest, sender, receivedAt, envelope }: Quarantined): void {
    this.#statement("INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, 0, ?)").run(
      Buffer.from(digest, "hex"),
      this.#cipher.name("quarantine", sender),
      receivedAt,
      this.#cipher.seal(encodeQuarantined(sender, envelope), "quarantine"),
    );
    this.#statement(
      `DELETE FROM quarantine WHERE sender = ?1 AND digest NOT IN
         (SELECT digest FROM quarantine WHERE sender = ?1 ORDER BY at DESC, digest LIMIT ${MOST_OF_ONE})`,
    ).run(this.#cipher.name("quarantine", sender));
  }

  #transaction(work: () => void): void {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      work();
      this.#db.exec("COMMIT");
    } catch (cause) {
      this.#cache.clear();
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      const why = isFull(cause)
        ? "there is no room for an account's file"
        : "an account's file takes nothing";
      throw new SignalError("unavailable", why, { cause });
    }
  }

  /** @throws {SignalError} `account-unreadable` for another key, another place, or damage */
  #opened(sealed: Uint8Array, place: string): Uint8Array<ArrayBuffer> {
    try {
      return this.#cipher.open(sealed, place);
    } catch (cause) {
      throw new SignalError("account-unreadable", "an account's file is damaged", { cause });
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

interface QuarantineRow {
  readonly digest: Uint8Array;
  readonly at: number;
  readonly sealed: Uint8Array;
}

function encodeQuarantined(sender: string, envelope: Uint8Array): Buffer {
  return Buffer.from(JSON.stringify([sender, Buffer.from(envelope).toString("base64")]));
}

function decodeQuarantined(bytes: Uint8Array): { sender: string; envelope: Uint8Array<ArrayBuffer> } {
  const [sender, envelope] = JSON.parse(Buffer.from(bytes).toString("utf8")) as [string, string];
  return { sender, envelope: new Uint8Array(Buffer.from(envelope, "base64")) };
}

function openingError(cause: unknown): SignalError {
  if (cause instanceof SignalError) return cause;
  if (isBusy(cause))
    return new SignalError("account-open", "another process has this account open: stop it first", { cause });
  return new SignalError("account-unreadable", "an account's file is damaged or under another key", {
    cause,
  });
}
