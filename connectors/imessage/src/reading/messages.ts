import type { DatabaseSync } from "node:sqlite";
import type { Event } from "@daybook/contract";
import { ConnectorError } from "@daybook/contract/error";
import { malformed } from "../database/malformed.ts";
import { findTable, type Row, type Table } from "../database/table.ts";
import { tombstone } from "./changes.ts";
import { entriesOf } from "./entries.ts";
import type { Entry } from "./entry.ts";
import type { Found } from "./found.ts";
import { type Chat, People } from "./people.ts";

/** Rows whose values are larger together are read with their largest left out. */
const MAX_ROW_BYTES = 1024 * 1024;
const LARGEST_VALUE_BYTES = 64 * 1024;
/** Of a value of an attachment's row. */
const LARGEST_ATTACHMENT_BYTES = 16 * 1024;
const MAX_JOINED = 30_000_000;
const MAX_ATTACHMENT_ROWS = 5_000_000;

type Joined = ReadonlyMap<bigint, readonly bigint[]>;

/** The messages of one `chat.db` or `sms.db`, whatever columns its system gives it. */
export class Messages {
  readonly people: People;
  readonly #db: DatabaseSync;
  readonly #table: Table;
  readonly #chats: Joined;
  readonly #binned: ReadonlyMap<bigint, readonly Row[]>;
  readonly #attachments: Joined;
  readonly #files: ReadonlyMap<bigint, Row>;
  readonly #tombstones: Table | undefined;
  readonly #rows: string;
  readonly #only: readonly bigint[] | undefined;

  /**
   * @param db that nothing changes while it is read: `openImage`, or within a transaction
   * @param only rows of `message`; all of them unless given
   * @param find its tables, where they are known: as `findTable` found them
   * @throws {ConnectorError} `not-an-export`: no database of Messages; `malformed`
   */
  constructor(
    db: DatabaseSync,
    only?: readonly bigint[],
    find: (name: string) => Table | undefined = (name) => findTable(db, name),
  ) {
    const table = find("message");
    if (!table?.has("guid") || !table.has("date"))
      throw new ConnectorError(
        "not-an-export",
        "the file is no messages database: it has no table of messages with ids and dates",
      );
    this.#db = db;
    this.#table = table;
    const among = (column: string) => (only ? `${column} IN (${only.join(",")})` : "1");
    const ofMessage = among("message_id");
    this.#rows = among("ROWID");
    this.#only = only;
    const isFew = only !== undefined;
    const joined = (name: string, to: string) => joinedBy(find(name), to, { where: ofMessage, isFew });
    this.#chats = joined("chat_message_join", "chat_id");
    this.#attachments = joined("message_attachment_join", "attachment_id");
    this.#binned = rowsBy(find("chat_recoverable_message_join"), "message_id", ofMessage);
    const tables = { handle: find("handle"), chat: find("chat"), members: find("chat_handle_join") };
    this.people = new People(tables, only && this.#among());
    const files = [...this.#attachments.values()].flat();
    this.#files = rowsByRowid(find("attachment"), only ? `ROWID IN (${files.join(",")})` : "1");
    this.#tombstones = only ? undefined : find("deleted_messages");
  }

  /** Chats and handles that the rows name. */
  #among(): { chats: readonly bigint[]; handles: readonly bigint[] } {
    const binned = [...this.#binned.values()].flat().map((row) => row.integer("chat_id"));
    const handles = [...this.#table.numbers(["handle_id", "other_handle"], this.#rows)].flat();
    return {
      chats: [...new Set([...[...this.#chats.values()].flat(), ...binned])],
      handles: handles.filter((one) => one !== null),
    };
  }

  /** Rows of `message`. */
  get rows(): number {
    return this.#table.count();
  }

  /** Every conversation of the database: what scope is asked about. */
  get conversations(): readonly NonNullable<Event["conversation"]>[] {
    return this.people.chats.map(({ conversation }) => conversation);
  }

  /**
   * Every event, those of one row together, in the order of the rows: whoever has less than all of them has the
   * beginning. May be called again.
   *
   * @throws {ConnectorError} `malformed`
   */
  *entries(): Generator<readonly Entry[]> {
    for (const found of this.found()) yield entriesOf(found, this.people);
    for (const row of this.#tombstones?.rows("1", LARGEST_VALUE_BYTES) ?? []) {
      const guid = row.text("guid");
      if (guid !== undefined) yield [tombstone(guid, Number(row.rowid))];
    }
  }

  /** Rows of `message`, each with what other tables say of it: those that are too large to be read whole come last. */
  *found(): Generator<Found> {
    const size = this.#table.sizeExpression;
    let count = 0;
    for (const row of this.#table.rows(`${this.#rows} AND ${size} <= ${String(MAX_ROW_BYTES)}`)) {
      count += 1;
      yield this.#found(row, false);
    }
    if (count === this.#only?.length) return;
    for (const row of this.#table.rows(
      `${this.#rows} AND ${size} > ${String(MAX_ROW_BYTES)}`,
      LARGEST_VALUE_BYTES,
    ))
      yield this.#found(row, true);
  }

  close(): void {
    this.#db.close();
  }

  #found(row: Row, isCut: boolean): Found {
    const { people } = this;
    const binned = this.#binned.get(row.rowid) ?? [];
    const ids = [...(this.#chats.get(row.rowid) ?? []), ...binned.map((each) => each.integer("chat_id"))];
    const chats = [...new Set(ids)]
      .map((id) => people.chat(id))
      .filter((chat): chat is Chat => chat !== undefined);
    const handles = [row.integer("handle_id"), row.integer("other_handle")];
    return {
      row,
      chats,
      handles: handles.map((id) => people.handle(id)).filter((handle): handle is Row => handle !== undefined),
      attachments: (this.#attachments.get(row.rowid) ?? [])
        .map((id) => this.#files.get(id))
        .filter((file): file is Row => file !== undefined),
      binned,
      isCut,
    };
  }
}

function joinedBy(
  table: Table | undefined,
  to: string,
  { where, isFew }: { where: string; isFew: boolean },
): Joined {
  const joined = new Map<bigint, bigint[]>();
  let count = 0;
  for (const [from, other] of table?.numbers(["message_id", to], where, { isFew }) ?? []) {
    count += 1;
    if (count > MAX_JOINED) throw malformed("it joins more rows than are read");
    if (from === null || from === undefined || other === null || other === undefined) continue;
    const known = joined.get(from);
    if (known) known.push(other);
    else joined.set(from, [other]);
  }
  return joined;
}

function rowsBy(table: Table | undefined, by: string, where: string): ReadonlyMap<bigint, readonly Row[]> {
  const rows = new Map<bigint, Row[]>();
  let count = 0;
  for (const row of table?.rows(where, LARGEST_VALUE_BYTES) ?? []) {
    count += 1;
    if (count > MAX_ATTACHMENT_ROWS) throw malformed("it has more deleted messages than are read");
    const known = rows.get(row.integer(by));
    if (known) known.push(row);
    else rows.set(row.integer(by), [row]);
  }
  return rows;
}

function rowsByRowid(table: Table | undefined, where: string): ReadonlyMap<bigint, Row> {
  const rows = new Map<bigint, Row>();
  for (const row of table?.rows(where, LARGEST_ATTACHMENT_BYTES) ?? []) {
    rows.set(row.rowid, row);
    if (rows.size > MAX_ATTACHMENT_ROWS) throw malformed("it has more attachments than are read");
  }
  return rows;
}
