import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { binaryPlist } from "./plist.ts";
import { SCHEMA } from "./schema.ts";
import { type Run, typedstream } from "./typedstream.ts";

const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);
const GROUP = 43;
const DIRECT = 45;
export const OBJECT_CHARACTER = "\ufffc";

/** The time of a row, as Messages writes it. */
export function nanoseconds(at: Date): bigint {
  return BigInt(at.getTime() - APPLE_EPOCH_MS) * 1_000_000n;
}

/** A GUID as Messages makes them, the same each time. */
export function guidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex").toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

/** Columns of a row by name, beside what the writer fills in. */
export type Columns = Readonly<Record<string, SQLInputValue>>;

export interface Said {
  readonly chat: number;
  /** Row of `handle`; none for what the owner wrote. */
  readonly from?: number;
  readonly at: Date;
  readonly name: string;
  readonly runs?: readonly Run[];
  readonly more?: Columns;
}

/** Writes a `chat.db` as Messages does: in WAL mode, bodies in `attributedBody` only. */
export class ChatDb {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #inserts = new Map<string, StatementSync>();

  constructor(dir: string, name = "chat.db") {
    this.path = join(dir, name);
    mkdirSync(dir, { recursive: true });
    this.#db = new DatabaseSync(this.path);
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF;");
    this.#db.exec(SCHEMA);
  }

  handle(id: string, service = "iMessage"): number {
    return this.insert("handle", { id, service, country: "gb" });
  }

  chat(identifier: string, handles: readonly number[], { title = "", service = "iMessage" } = {}): number {
    const isGroup = identifier.startsWith("chat");
    const chat = this.insert("chat", {
      guid: `${service};${isGroup ? "+" : "-"};${identifier}`,
      style: isGroup ? GROUP : DIRECT,
      chat_identifier: identifier,
      service_name: service,
      account_login: "E:olivia@minister.example",
      display_name: title,
    });
    for (const handle of handles) this.insert("chat_handle_join", { chat_id: chat, handle_id: handle });
    return chat;
  }

  /** @returns its row */
  message({ chat, from, at, name, runs, more = {} }: Said): number {
    const row = this.insert("message", {
      guid: guidOf(name),
      handle_id: from ?? 0,
      attributedBody: runs ? typedstream(runs) : null,
      service: "iMessage",
      account: "E:olivia@minister.example",
      date: nanoseconds(at),
      date_read: 0,
      date_delivered: 0,
      is_finished: 1,
      is_from_me: from === undefined ? 1 : 0,
      is_sent: from === undefined ? 1 : 0,
      destination_caller_id: "+447700900001",
      part_count: 1,
      ...more,
    });
    this.insert("chat_message_join", { chat_id: chat, message_id: row, message_date: nanoseconds(at) });
    return row;
  }

  tapback(
    of: Omit<Said, "runs"> & { on: string; type: number; emoji?: string; part?: number; verb?: string },
  ): number {
    const { on, type, emoji, part = 0, verb = "Liked", more, ...said } = of;
    return this.message({
      ...said,
      runs: [{ text: `${verb} a message` }],
      more: {
        associated_message_guid: `p:${String(part)}/${guidOf(on)}`,
        associated_message_type: type,
        associated_message_emoji: emoji ?? null,
        ...more,
      },
    });
  }

  /** Rewrites a message as Messages does when it is edited: what it said before goes into its summary. */
  edit(row: number, versions: readonly { at: Date; text: string }[]): void {
    const last = versions.at(-1);
    const history = versions.map(({ at, text }) => ({
      d: (at.getTime() - APPLE_EPOCH_MS) / 1_000 + 0.000_001,
      t: typedstream([{ text }]),
    }));
    this.update("message", row, {
      attributedBody: typedstream([{ text: last?.text ?? "" }]),
      date_edited: nanoseconds(last?.at ?? new Date(APPLE_EPOCH_MS)),
      message_summary_info: binaryPlist({
        ec: { "0": history },
        ep: [0],
        otr: { "0": { lo: 0, le: versions[0]?.text.length ?? 0 } },
      }),
    });
  }

  /** Rewrites a message as Messages does when all of it is unsent. */
  unsend(row: number, at: Date): void {
    this.update("message", row, {
      attributedBody: null,
      text: null,
      date_edited: nanoseconds(at),
      date_retracted: nanoseconds(at),
      part_count: 0,
      is_empty: 1,
      message_summary_info: binaryPlist({ rp: [0], otr: { "0": { lo: 0, le: 4 } } }),
    });
  }

  /** Puts a message among the recently deleted. */
  bin(row: number, chat: number, at: Date): void {
    this.#db.prepare("DELETE FROM chat_message_join WHERE message_id = ?").run(row);
    this.insert("chat_recoverable_message_join", {
      chat_id: chat,
      message_id: row,
      delete_date: nanoseconds(at),
    });
  }

  attachment(message: number, guid: string, filename: string | null, more: Columns = {}): number {
    const row = this.insert("attachment", {
      guid,
      original_guid: guid,
      filename,
      mime_type: "image/jpeg",
      transfer_name: filename?.split("/").at(-1) ?? "gone.jpg",
      transfer_state: 5,
      ...more,
    });
    this.insert("message_attachment_join", { message_id: message, attachment_id: row });
    return row;
  }

  insert(table: string, columns: Columns): number {
    const names = Object.keys(columns);
    const sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    let statement = this.#inserts.get(sql);
    if (!statement) this.#inserts.set(sql, (statement = this.#db.prepare(sql)));
    return Number(statement.run(...Object.values(columns)).lastInsertRowid);
  }

  update(table: string, row: number, columns: Columns): void {
    const set = Object.keys(columns).map((name) => `${name} = ?`);
    this.#db
      .prepare(`UPDATE ${table} SET ${set.join(", ")} WHERE ROWID = ?`)
      .run(...Object.values(columns), row);
  }

  /** The row of a conversation, by its GUID. */
  chatOf(guid: string): number | undefined {
    const found = this.#db.prepare("SELECT ROWID AS id FROM chat WHERE guid = ?").get(guid);
    return found && Number(found["id"]);
  }

  /** The GUID of a message's row. */
  guid(row: number): string {
    return String(this.#db.prepare("SELECT guid FROM message WHERE ROWID = ?").get(row)?.["guid"]);
  }

  run(sql: string): void {
    this.#db.exec(sql);
  }

  /** Moves what is in the log into the file, as Messages does now and then. */
  checkpoint(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** Copies the file and its log as they lie there while Messages runs. */
  copyTo(dir: string): void {
    mkdirSync(dir, { recursive: true });
    copyFileSync(this.path, join(dir, "chat.db"));
    copyFileSync(`${this.path}-wal`, join(dir, "chat.db-wal"));
  }

  /** Closes it, which leaves no log. */
  close(): void {
    this.#db.close();
  }
}

/** The folder of an unencrypted backup of an iPhone, with the messages and attachments of a `chat.db` in it. */
export function writeBackup(
  dir: string,
  {
    database,
    attachments = {},
    isEncrypted = false,
  }: {
    database: Uint8Array;
    /** By path below `Library/SMS/Attachments/`. */
    attachments?: Readonly<Record<string, Uint8Array>>;
    isEncrypted?: boolean;
  },
): void {
  mkdirSync(dir, { recursive: true });
  const manifest = new DatabaseSync(join(dir, "Manifest.db"));
  manifest.exec(
    "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)",
  );
  const put = (domain: string, path: string, content: Uint8Array) => {
    const id = createHash("sha1").update(`${domain}-${path}`).digest("hex");
    manifest.prepare("INSERT INTO Files VALUES (?, ?, ?, 1, NULL)").run(id, domain, path);
    const target = join(dir, id.slice(0, 2), id);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  };
  put("HomeDomain", "Library/SMS/sms.db", database);
  for (const [path, content] of Object.entries(attachments))
    put("MediaDomain", `Library/SMS/Attachments/${path}`, content);
  put("AppDomain-example", "Documents/private.txt", Buffer.from("nothing of the messages"));
  manifest.close();
  writeFileSync(
    join(dir, "Manifest.plist"),
    binaryPlist({
      IsEncrypted: isEncrypted,
      Lockdown: {
        BuildVersion: "22B83",
        DeviceName: "Olivia's iPhone",
        ProductType: "iPhone16,1",
        ProductVersion: "18.1",
        SerialNumber: "MADEUP000000",
        UniqueDeviceID: "00000000-0000000000000000",
      },
      Applications: {},
    }),
  );
}
