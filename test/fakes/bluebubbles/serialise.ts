import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { NSAttributedString, Unarchiver } from "node-typedstream";

const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);
/** As BlueBubbles names tapbacks; others by their number. */
const REACTIONS: Readonly<Record<number, string>> = {
  1000: "sticker",
  2000: "love",
  2001: "like",
  2002: "dislike",
  2003: "laugh",
  2004: "emphasize",
  2005: "question",
};

type Row = Record<string, string | number | bigint | null | Uint8Array>;

export interface Query {
  readonly where: readonly { readonly statement: string; readonly args: Record<string, SQLInputValue> }[];
  readonly with: readonly string[];
  readonly sort: "ASC" | "DESC";
  readonly offset: number;
  readonly limit: number;
}

/** Reads a `chat.db` as BlueBubbles does, and shows its rows as it does: with the library that it uses. */
export class Serialiser {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path, { readOnly: true, readBigInts: true });
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Sorted by date, whatever is asked; with conversations, those in none are left out. Where it begins and how much it has
   * is of rows as they are joined, one for each conversation and file of a message: so is a message cut off in between.
   */
  messages({ where, with: more, sort, offset, limit }: Query) {
    const wanted = new Set(more.map((one) => one.toLowerCase()));
    const conditions = where.map(({ statement }) => `(${statement})`);
    const args = Object.assign({}, ...where.map(({ args }) => args)) as Record<string, SQLInputValue>;
    const joins = [
      ...(wanted.has("attachments")
        ? [
            `LEFT JOIN (message_attachment_join AS file JOIN attachment ON attachment.ROWID = file.attachment_id)
             ON file.message_id = message.ROWID`,
          ]
        : []),
      ...(wanted.has("chats") ? ["JOIN chat_message_join AS place ON place.message_id = message.ROWID"] : []),
    ];
    const joined = this.#all(
      `SELECT message.ROWID AS row, ${wanted.has("attachments") ? "file.attachment_id" : "NULL"} AS file
       FROM message ${joins.join(" ")} ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
       ORDER BY message.date ${sort}, message.ROWID LIMIT ${limit} OFFSET ${offset}`,
      args,
    );
    const files = new Map<bigint, Set<bigint>>();
    for (const { row, file } of joined as { row: bigint; file: bigint | null }[]) {
      const those = files.get(row) ?? new Set();
      files.set(row, file === null ? those : those.add(file));
    }
    return [...files].map(([rowid, those]) => {
      const [row] = this.#all("SELECT * FROM message WHERE ROWID = :rowid", { rowid });
      const shown = this.#message(row!, wanted);
      return {
        ...shown,
        attachments: shown.attachments.filter((one) => those.has(BigInt(one.originalROWID))),
      };
    });
  }

  message(guid: string) {
    return this.messages({
      where: [{ statement: "message.guid = :guid", args: { guid } }],
      with: ["attributed-body"],
      sort: "ASC",
      offset: 0,
      limit: 1,
    })[0];
  }

  count(from: number, to: number): number {
    const sql = "SELECT count(*) AS n FROM message WHERE ROWID >= :from AND ROWID <= :to";
    return Number(this.#all(sql, { from, to })[0]?.["n"]);
  }

  newest(): number {
    return Number(this.#all("SELECT max(ROWID) AS n FROM message", {})[0]?.["n"] ?? 0);
  }

  chats({ offset, limit }: { offset: number; limit: number }) {
    const sql = `SELECT * FROM chat WHERE ROWID IN (SELECT chat_id FROM chat_handle_join)
      ORDER BY ROWID DESC LIMIT ${limit} OFFSET ${offset}`;
    return this.#all(sql, {}).map((row) => ({
      ...chat(row),
      participants: this.#all(
        "SELECT * FROM handle WHERE ROWID IN (SELECT handle_id FROM chat_handle_join WHERE chat_id = :id)",
        { id: row["ROWID"] as bigint },
      ).map(handle),
    }));
  }

  /** Where an attachment lies, by its GUID or what it was first. */
  attachment(guid: string): { filename: string | null; mimeType: string } | undefined {
    const [row] = this.#all("SELECT * FROM attachment WHERE guid = :guid OR original_guid = :guid", { guid });
    if (!row) return undefined;
    return {
      filename: row["filename"] as string | null,
      mimeType: (row["mime_type"] as string | null) ?? "application/octet-stream",
    };
  }

  #message(row: Row, wanted: ReadonlySet<string>) {
    const rowid = row["ROWID"] as bigint;
    const joined = (table: string, join: string, of: string) =>
      this.#all(
        `SELECT ${table}.* FROM ${table} JOIN ${join} ON ${table}.ROWID = ${join}.${of} WHERE ${join}.message_id = :rowid`,
        { rowid },
      );
    const [sender] = this.#all("SELECT * FROM handle WHERE ROWID = :id", { id: row["handle_id"] as bigint });
    const body = decoded(row["attributedBody"]);
    const text = (row["text"] as string | null) ?? (body?.[0] as { string?: string } | undefined)?.string;
    const type = Number(row["associated_message_type"] ?? 0);
    return {
      originalROWID: Number(rowid),
      guid: row["guid"],
      text: text?.replaceAll("\ufffc", "").trim() ?? null,
      attributedBody: wanted.has("attributed-body") ? body : null,
      handle: sender ? handle(sender) : null,
      handleId: Number(row["handle_id"] ?? 0),
      otherHandle: Number(row["other_handle"] ?? 0),
      attachments: wanted.has("attachments")
        ? joined("attachment", "message_attachment_join", "attachment_id").map(attachment)
        : [],
      subject: row["subject"],
      error: Number(row["error"] ?? 0),
      dateCreated: milliseconds(row["date"]),
      dateRead: milliseconds(row["date_read"]),
      dateDelivered: milliseconds(row["date_delivered"]),
      isFromMe: row["is_from_me"] === 1n,
      hasDdResults: row["has_dd_results"] === 1n,
      isArchived: row["is_archive"] === 1n,
      itemType: Number(row["item_type"] ?? 0),
      groupTitle: row["group_title"],
      groupActionType: Number(row["group_action_type"] ?? 0),
      balloonBundleId: row["balloon_bundle_id"],
      associatedMessageGuid: row["associated_message_guid"],
      associatedMessageType: type === 0 ? null : reaction(type),
      expressiveSendStyleId: row["expressive_send_style_id"],
      threadOriginatorGuid: row["thread_originator_guid"],
      hasPayloadData: row["payload_data"] !== null,
      country: row["country"],
      ...(wanted.has("chats") && { chats: joined("chat", "chat_message_join", "chat_id").map(chat) }),
      messageSummaryInfo: wanted.has("message-summary-info") ? decoded(row["message_summary_info"]) : null,
      payloadData: wanted.has("payload-data") ? decoded(row["payload_data"]) : null,
      dateEdited: milliseconds(row["date_edited"]),
      dateRetracted: milliseconds(row["date_retracted"]),
      partCount: Number(row["part_count"] ?? 0),
    };
  }

  #all(sql: string, args: Record<string, SQLInputValue>): Row[] {
    return this.#db.prepare(sql).all(args);
  }
}

function handle(row: Row) {
  return {
    originalROWID: Number(row["ROWID"]),
    address: row["id"],
    service: row["service"],
    country: row["country"],
    uncanonicalizedId: row["uncanonicalized_id"],
  };
}

function chat(row: Row) {
  return {
    originalROWID: Number(row["ROWID"]),
    guid: row["guid"],
    style: Number(row["style"]),
    chatIdentifier: row["chat_identifier"],
    isArchived: row["is_archived"] === 1n,
    displayName: row["display_name"],
    isFiltered: row["is_filtered"] === 1n,
    groupId: row["group_id"],
    properties: null,
    lastAddressedHandle: row["last_addressed_handle"],
  };
}

function attachment(row: Row) {
  return {
    originalROWID: Number(row["ROWID"]),
    guid: row["guid"],
    uti: row["uti"],
    mimeType: row["mime_type"],
    transferName: row["transfer_name"],
    totalBytes: Number(row["total_bytes"]),
    transferState: Number(row["transfer_state"]),
    isOutgoing: row["is_outgoing"] === 1n,
    hideAttachment: row["hide_attachment"] === 1n,
    isSticker: row["is_sticker"] === 1n,
    originalGuid: row["original_guid"],
    hasLivePhoto: false,
  };
}

/** By way of a double, as there. */
function milliseconds(date: Row[string] | undefined): number | null {
  const number = Number(date ?? 0);
  return number === 0 ? null : Math.trunc(APPLE_EPOCH_MS + number / 1_000_000);
}

function reaction(type: number): string {
  const name =
    REACTIONS[type] ?? (REACTIONS[type - 1_000] && type >= 3_000 ? `-${REACTIONS[type - 1_000]}` : undefined);
  return name ?? String(type);
}

/** What the library makes of a typedstream or a property list; nothing where it fails. */
function decoded(blob: Row[string] | undefined): unknown[] | null {
  if (!(blob instanceof Uint8Array) || blob.length === 0) return null;
  try {
    const values = withNodesErrors(
      () => Unarchiver.open(Buffer.from(blob), Unarchiver.BinaryDecoding.decodable).decodeAll() as unknown,
    );
    const list = (Array.isArray(values) ? values : [values]) as unknown[];
    return list.flatMap((one) => {
      const { values: inner } = (one ?? {}) as { values?: unknown[] };
      return inner ? inner.filter((each) => each instanceof NSAttributedString) : [one];
    });
  } catch {
    return null;
  }
}

/** The library finds the end of its input by the class of Node's error, which jest's own globals do not have. */
function withNodesErrors<T>(work: () => T): T {
  const own = globalThis.RangeError;
  try {
    Buffer.alloc(0).readInt8(0);
  } catch (error) {
    globalThis.RangeError = Object.getPrototypeOf((error as Error).constructor) as RangeErrorConstructor;
  }
  try {
    return work();
  } finally {
    globalThis.RangeError = own;
  }
}
