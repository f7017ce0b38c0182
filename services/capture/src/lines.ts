import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { postgresFault } from "@daybook/catalogue";
import type { Pool, QueryConfig, QueryResult, QueryResultRow } from "pg";
import { CaptureError, isFull } from "./error.ts";

/** Order of day and month in the dates of an export. */
export type DateOrder = "dmy" | "mdy" | "ymd";

const MIGRATION = `
  -- Whether it exists PostgreSQL asks only after the right to make one, which a login may well lack.
  DO $$ BEGIN IF to_regnamespace('capture') IS NULL THEN CREATE SCHEMA capture; END IF; END $$;
  CREATE TABLE IF NOT EXISTS capture.conversation (
    id text PRIMARY KEY,
    number integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    custodian text NOT NULL,
    title_key bytea NOT NULL,
    date_order text
  );
  CREATE INDEX IF NOT EXISTS conversation_title ON capture.conversation (custodian, title_key);
  CREATE TABLE IF NOT EXISTS capture.line (
    digest bigint NOT NULL,
    conversation integer NOT NULL,
    count smallint NOT NULL,
    PRIMARY KEY (digest, conversation)
  );
  CREATE TABLE IF NOT EXISTS capture.file (
    digest bytea NOT NULL,
    custodian text NOT NULL,
    chat integer NOT NULL,
    date_order text NOT NULL,
    ambiguous boolean NOT NULL,
    PRIMARY KEY (digest, custodian, chat)
  );
  CREATE TABLE IF NOT EXISTS capture.learned (at timestamptz NOT NULL);
`;

const AWAY = "the database does not answer: import the file again, it is harmless";

/** What capture remembers of a conversation: no title, no names. */
export interface KnownConversation {
  readonly id: string;
  readonly number: number;
  /** The order of day and month by which its earlier files were read. */
  readonly dateOrder: DateOrder | undefined;
}

/** The reading of a file that stands. */
export interface KnownChat {
  readonly order: DateOrder;
  readonly ambiguous: boolean;
}

/**
 * What has been imported, by keyed digests and without text, so that overlapping exports record nothing
 * twice. A projection: it can be made again from the archive. Each method but `digest` throws a {@link CaptureError} `unavailable`, retryable, where
 * PostgreSQL does not answer: what was to be remembered may have been.
 */
export class ImportedLines {
  readonly #pool: Pool;
  readonly #key: KeyObject;

  /** @param key 32 bytes, used for nothing else */
  constructor(pool: Pool, key: Uint8Array) {
    this.#pool = pool;
    this.#key = createSecretKey(key);
  }

  async migrate(): Promise<void> {
    await this.#query(MIGRATION);
  }

  /** Whether what was imported before this schema was made has been learned again. */
  async isLearned(): Promise<boolean> {
    const { rowCount } = await this.#query("SELECT FROM capture.learned LIMIT 1");
    return rowCount === 1;
  }

  async setLearned(): Promise<void> {
    await this.#query("INSERT INTO capture.learned VALUES (now())");
  }

  /** The keyed digest of a line's identity, 32 bytes. Its first 8 are what is stored. */
  digest(identity: string): Buffer {
    return createHmac("sha256", this.#key).update("line:").update(identity).digest();
  }

  /** How the chats of a file were read, if it was imported before; none if it was not. @param file its identity */
  async file(custodian: string, file: string): Promise<KnownChat[]> {
    const { rows } = await this.#query<{ date_order: DateOrder; ambiguous: boolean }>(
      "SELECT date_order, ambiguous FROM capture.file WHERE digest = $1 AND custodian = $2 ORDER BY chat",
      [this.#keyed("file", file), custodian],
    );
    return rows.map((row) => ({ order: row.date_order, ambiguous: row.ambiguous }));
  }

  async rememberFile(custodian: string, file: string, chats: readonly KnownChat[]): Promise<void> {
    await this.#query(
      `INSERT INTO capture.file SELECT $1, $2, u.* FROM unnest($3::integer[], $4::text[], $5::boolean[]) u
       ON CONFLICT DO NOTHING`,
      [
        this.#keyed("file", file),
        custodian,
        chats.map((_, i) => i),
        chats.map((c) => c.order),
        chats.map((c) => c.ambiguous),
      ],
    );
  }

  /** The custodian's conversation of that id or exact title. */
  async conversation(custodian: string, idOrTitle: string): Promise<KnownConversation | undefined> {
    return this.#one(
      "SELECT id, number, date_order FROM capture.conversation WHERE custodian = $1 AND (id = $2 OR title_key = $3) ORDER BY number LIMIT 1",
      [custodian, idOrTitle, this.#keyed("title", idOrTitle)],
    );
  }

  /** The id of a conversation that begins with a chat of a file: the same each time. */
  newConversationId(custodian: string, origin: string): string {
    return `export-${this.#keyed("conversation", JSON.stringify([custodian, origin]))
      .toString("hex")
      .slice(0, 24)}`;
  }

  async addConversation(custodian: string, id: string, title: string): Promise<KnownConversation> {
    const added = await this.#one(
      `INSERT INTO capture.conversation (id, custodian, title_key) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET custodian = excluded.custodian RETURNING id, number, date_order`,
      [id, custodian, this.#keyed("title", title)],
    );
    return added as KnownConversation;
  }

  async establishOrder({ number }: KnownConversation, dateOrder: DateOrder): Promise<void> {
    await this.#query(
      "UPDATE capture.conversation SET date_order = $2 WHERE number = $1 AND date_order IS NULL",
      [number, dateOrder],
    );
  }

  /** Whether a conversation of this custodian has that title. */
  async hasTitle({ number }: KnownConversation, title: string): Promise<boolean> {
    const { rowCount } = await this.#query(
      "SELECT FROM capture.conversation WHERE number = $1 AND title_key = $2",
      [number, this.#keyed("title", title)],
    );
    return rowCount === 1;
  }

  /** For each digest, in order, the custodian's conversations that have the line. */
  async conversationsOf(custodian: string, digests: readonly Buffer[]): Promise<Set<number>[]> {
    const keys = digests.map(toKey);
    const { rows } = await this.#query<{ digest: string; conversation: number }>({
      name: "capture-conversations-of",
      text: `SELECT l.digest, l.conversation FROM capture.line l JOIN capture.conversation c ON c.number = l.conversation
             WHERE c.custodian = $1 AND l.digest = ANY($2::bigint[])`,
      values: [custodian, keys],
    });
    const found = new Map<string, Set<number>>();
    for (const row of rows) {
      const set = found.get(row.digest) ?? new Set<number>();
      found.set(row.digest, set.add(row.conversation));
    }
    return keys.map((key) => found.get(key) ?? new Set<number>());
  }

  async byNumber(number: number): Promise<KnownConversation | undefined> {
    return this.#one("SELECT id, number, date_order FROM capture.conversation WHERE number = $1", [number]);
  }

  async anyOf(custodian: string): Promise<boolean> {
    const { rowCount } = await this.#query("SELECT FROM capture.conversation WHERE custodian = $1 LIMIT 1", [
      custodian,
    ]);
    return rowCount === 1;
  }

  /** How often each line is recorded in a conversation, in the order given. */
  async counts({ number }: KnownConversation, digests: readonly Buffer[]): Promise<number[]> {
    const keys = digests.map(toKey);
    const { rows } = await this.#query<{ digest: string; count: number }>({
      name: "capture-counts",
      text: "SELECT digest, count FROM capture.line WHERE conversation = $1 AND digest = ANY($2::bigint[])",
      values: [number, keys],
    });
    const found = new Map(rows.map((row) => [row.digest, row.count]));
    return keys.map((key) => found.get(key) ?? 0);
  }

  /**
   * Remembers that the lines belong to the conversation, before any is recorded: an import that dies between the
   * stream and `remember` is then found again by any other file of the same chat. Repeatable.
   */
  async claim({ number }: KnownConversation, digests: readonly Buffer[]): Promise<void> {
    await this.#query(
      `INSERT INTO capture.line SELECT DISTINCT d, $1::integer, 0 FROM unnest($2::bigint[]) d ON CONFLICT DO NOTHING`,
      [number, digests.map(toKey)],
    );
  }

  /** Remembers that the lines are recorded so many times. Never lowers a count. Repeatable. */
  async remember({ number }: KnownConversation, lines: ReadonlyMap<string, number>): Promise<void> {
    await this.#query({
      name: "capture-remember",
      text: `INSERT INTO capture.line SELECT d, $1, least(n, 32767) FROM unnest($2::bigint[], $3::integer[]) u(d, n)
             ON CONFLICT (digest, conversation) DO UPDATE SET count = greatest(capture.line.count, excluded.count)`,
      values: [number, [...lines.keys()], [...lines.values()]],
    });
  }

  #keyed(what: string, value: string): Buffer {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([what, value]))
      .digest();
  }

  async #query<Row extends QueryResultRow>(
    query: string | QueryConfig,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    try {
      return await this.#pool.query<Row>(query, values && [...values]);
    } catch (cause) {
      if (isFull(cause) || postgresFault(cause).kind !== "unavailable") throw cause;
      throw new CaptureError("unavailable", AWAY, { cause });
    }
  }

  async #one(text: string, values: unknown[]): Promise<KnownConversation | undefined> {
    const { rows } = await this.#query<{ id: string; number: number; date_order: DateOrder | null }>(
      text,
      values,
    );
    const row = rows[0];
    return row && { id: row.id, number: row.number, dateOrder: row.date_order ?? undefined };
  }
}

/** A digest as PostgreSQL holds it: its first 8 bytes as a signed integer, in decimal. */
export function toKey(digest: Buffer): string {
  return digest.readBigInt64BE(0).toString();
}
