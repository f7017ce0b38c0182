import type { Row } from "../database/table.ts";
import { type Body, joined, partsOfRuns, wordsOf } from "../reading/body.ts";
import { entriesTold } from "../reading/entries.ts";
import { digestOf, type Entry, idOf } from "../reading/entry.ts";
import { type History, isPart, MAX_VERSIONS, NO_HISTORY, type Version } from "../reading/history.ts";
import { instantOfSeconds } from "../reading/times.ts";
import { integer, type KnownPeople, rowOf } from "./people.ts";
import {
  attributedString,
  servedMessage,
  type ServedMessage,
  servedName,
  type ServedString,
} from "./schema.ts";

/** What BlueBubbles served of one row, and what it says. */
export interface Item {
  /** 0 where it cannot be told. */
  readonly rowid: number;
  readonly guid: string;
  /** Undefined for what has another form than a message. */
  readonly message: ServedMessage | undefined;
  /** As it was served. */
  readonly raw: Buffer;
  /** Tells whether the same row says something new. */
  readonly digest: string;
  /** How many rows BlueBubbles joined to make it: one for each file and conversation. */
  readonly joined: number;
}

const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);
const MAX_RAW_BYTES = 1_000_000;
/** As BlueBubbles names tapbacks; others come by their number. */
const TAPBACKS: Readonly<Record<string, number>> = {
  sticker: 1_000,
  love: 2_000,
  like: 2_001,
  dislike: 2_002,
  laugh: 2_003,
  emphasize: 2_004,
  question: 2_005,
};
const TAKEN_BACK = 1_000;

/** @param slice one element of what was served, valid JSON */
export function itemOf(slice: string): Item {
  const raw = Buffer.from(slice);
  const value: unknown = JSON.parse(slice);
  const { data: message } = servedMessage.safeParse(value);
  const { data: named } = servedName.safeParse(value);
  const digest = digestOf(slice);
  const joined = Math.max(1, named?.attachments.length ?? 0) * Math.max(1, named?.chats.length ?? 0);
  return { rowid: named?.originalROWID ?? 0, guid: named?.guid ?? digest, message, raw, digest, joined };
}

/**
 * The events of a row, by the ids that the reader of the database gives them. Dates are of milliseconds here, and of
 * nanoseconds there.
 *
 * @param account whose database it is
 */
export function entriesOfItem(item: Item, people: KnownPeople, account: string): readonly Entry[] {
  const { message } = item;
  if (!message) return [unreadable(item)];
  const { handle, chats, attachments } = message;
  if (handle) people.learnHandle(handle.originalROWID, handle.address);
  const isCut = item.raw.length > MAX_RAW_BYTES;
  const raw = isCut ? Buffer.from(JSON.stringify(cutOf(item, message))) : item.raw;
  const history = historyOf(message.messageSummaryInfo);
  return entriesTold({
    found: {
      row: rowOfMessage(message, account),
      chats: (chats ?? []).map((chat) => people.chat(chat)),
      handles: [],
      attachments: (attachments ?? []).map((one, n) =>
        rowOf(n + 1, {
          guid: one.guid,
          mime_type: one.mimeType ?? null,
          transfer_name: one.transferName ?? null,
        }),
      ),
      binned: [],
      isCut,
    },
    people,
    body: bodyOf(message, history),
    history,
    raw,
    rawOfReceipt: () => raw,
    problems: isCut ? ["BlueBubbles served more of it than a record can have"] : [],
  });
}

function cutOf({ raw }: Item, { originalROWID, guid, dateCreated }: ServedMessage) {
  return { originalROWID, guid, dateCreated, omittedBytes: raw.length };
}

/** As far as BlueBubbles serves its columns. */
function rowOfMessage(message: ServedMessage, account: string): Row {
  return rowOf(message.originalROWID, {
    guid: message.guid,
    text: message.text ?? null,
    handle_id: integer(message.handleId ?? message.handle?.originalROWID),
    other_handle: integer(message.otherHandle),
    service: serviceOf(message),
    account,
    date: nanoseconds(message.dateCreated),
    date_read: nanoseconds(message.dateRead),
    date_edited: nanoseconds(message.dateEdited),
    date_retracted: nanoseconds(message.dateRetracted),
    is_from_me: integer(message.isFromMe),
    item_type: integer(message.itemType),
    group_title: message.groupTitle ?? null,
    group_action_type: integer(message.groupActionType),
    associated_message_guid: message.associatedMessageGuid ?? null,
    associated_message_type: integer(tapbackNumber(message.associatedMessageType)),
    associated_message_emoji: message.associatedMessageEmoji ?? null,
    thread_originator_guid: message.threadOriginatorGuid ?? null,
  });
}

/** It serves no service of a message: its conversation's name begins with it. */
function serviceOf({ chats, handle }: ServedMessage): string | null {
  const named = chats?.[0]?.guid.split(";", 1)[0];
  return named === undefined || named === "any" ? (handle?.service ?? null) : named;
}

function nanoseconds(ms: number | null | undefined): bigint {
  return ms === null || ms === undefined || !Number.isSafeInteger(Math.trunc(ms))
    ? 0n
    : BigInt(Math.trunc(ms) - APPLE_EPOCH_MS) * 1_000_000n;
}

function tapbackNumber(type: string | number | null | undefined): number {
  if (typeof type === "number") return type;
  if (type === null || type === undefined) return 0;
  const named = TAPBACKS[type.replace(/^-/, "")];
  if (named !== undefined) return named + (type.startsWith("-") ? TAKEN_BACK : 0);
  return /^\d{1,5}$/.test(type) ? Number(type) : 0;
}

function bodyOf(message: ServedMessage, history: History): Body {
  const [first] = Array.isArray(message.attributedBody) ? (message.attributedBody as unknown[]) : [];
  const { data } = attributedString.safeParse(first);
  if (data) return { parts: partsOf(data), isUnreadable: false };
  const { text } = message;
  if (text) return { parts: new Map([[0, wordsOf(text)]]), isUnreadable: false };
  // It serves nothing in place of a body that it could not read: whatever has no other content had one.
  const isElse =
    integer(message.itemType) !== 0n ||
    tapbackNumber(message.associatedMessageType) !== 0 ||
    message.balloonBundleId ||
    (message.attachments ?? []).length > 0 ||
    history.unsent.length > 0 ||
    message.dateRetracted;
  return { parts: new Map(), isUnreadable: !isElse };
}

function partsOf({ string, runs }: ServedString): ReadonlyMap<number, string> {
  let end = 0;
  return partsOfRuns(
    (runs ?? []).map(({ range: [from = 0, length = 0], attributes }) => ({
      // Each begins where the one before ends: those that overlap could say more than there is memory for.
      text: string.slice(Math.max(end, from), (end = Math.max(end, from + length))),
      attributes: new Map(
        Object.entries(attributes ?? {}).filter(
          (one): one is [string, string | number] => typeof one[1] === "string" || typeof one[1] === "number",
        ),
      ),
    })),
  );
}

/**
 * The history of edits, as node-typedstream shows that property list: where only the first part was edited, its versions
 * stand without the part's number.
 */
function historyOf(summary: unknown): History {
  const [list] = Array.isArray(summary) ? (summary as unknown[]) : [summary];
  if (typeof list !== "object" || list === null) return NO_HISTORY;
  const { editedContent, ec, retractedParts, rp } = list as Record<string, unknown>;
  const edited = editedContent ?? ec;
  const byPart: [string, unknown][] = Array.isArray(edited)
    ? [["0", edited]]
    : typeof edited === "object" && edited !== null
      ? Object.entries(edited)
      : [];
  const unsent = retractedParts ?? rp;
  return {
    versions: new Map(
      byPart.flatMap(([part, versions]): [number, readonly Version[]][] =>
        isPart(Number(part)) && Array.isArray(versions)
          ? [[Number(part), versions.slice(0, MAX_VERSIONS).flatMap(versionOf)]]
          : [],
      ),
    ),
    unsent: Array.isArray(unsent) ? [...new Set((unsent as unknown[]).filter(isPartNumber))] : [],
    isUnreadable: false,
  };
}

function isPartNumber(value: unknown): value is number {
  return typeof value === "number" && isPart(value);
}

function versionOf(version: unknown): Version[] {
  if (typeof version !== "object" || version === null) return [];
  const { date, d, text, t } = version as Record<string, unknown>;
  const seconds = date ?? d;
  if (typeof seconds !== "number") return [];
  const { values } = (text ?? t ?? {}) as { values?: unknown };
  const { data } = attributedString.safeParse(Array.isArray(values) ? (values as unknown[])[0] : undefined);
  const words = data && joined(partsOf(data));
  return [{ seconds, at: instantOfSeconds(seconds), text: words }];
}

/** What has not the form of a message: by its bytes alone. */
function unreadable({ guid, raw, digest }: Item): Entry {
  return {
    kind: "notice",
    network: "imessage",
    rowid: 0,
    raw: raw.length > MAX_RAW_BYTES ? raw.subarray(0, MAX_RAW_BYTES) : raw,
    files: [],
    text: "BlueBubbles served something in another form than is known: its bytes are kept",
    eventId: idOf(guid, "unreadable"),
    stableDigest: digest,
  };
}
