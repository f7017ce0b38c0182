import { digestOf, type Entry, idOf, isFromSelf, type Reading, sentAtOf, sentBy } from "./entry.ts";
import type { History } from "./history.ts";
import { instantOf } from "./times.ts";

/** Each later wording of each part. */
export function edits(reading: Reading, { versions }: History, problems: string[]): Entry[] {
  const { guid, base } = reading;
  const { sender, recipients, direction } = sentBy(reading);
  return [...versions].flatMap(([part, [, ...later]]) =>
    later.map(({ seconds, at, text }): Entry => {
      if (text === undefined) problems.push("an edit of it could not be decoded");
      return {
        ...base,
        kind: "edit",
        ...(sender && { sender }),
        ...(recipients && { recipients }),
        ...(direction && { direction }),
        ...(at !== undefined && { sentAt: at }),
        text: text ?? "",
        networkId: idOf(guid, part, seconds),
        target: idOf(guid),
        eventId: idOf(guid, part, seconds),
        stableDigest: digestOf(guid, part, seconds, text),
      };
    }),
  );
}

/** Parts that their sender took back from everyone. */
export function unsends(reading: Reading, { unsent }: History): Entry[] {
  const { found, guid, base } = reading;
  const { sender, direction } = sentBy(reading);
  const at = instantOf(found.row.integer("date_retracted")) ?? instantOf(found.row.integer("date_edited"));
  return unsent.map((part) => ({
    ...base,
    kind: "delete",
    ...(sender && { sender }),
    ...(direction && { direction }),
    ...(at !== undefined && { sentAt: at }),
    text: "Unsent by its sender",
    networkId: idOf(guid, part, "unsent"),
    target: idOf(guid),
    eventId: idOf(guid, part, "unsent"),
    stableDigest: digestOf(guid, part, "unsent"),
  }));
}

/** The columns that tell of a receipt. */
export const OF_A_RECEIPT = ["guid", "date", "date_read", "is_read", "is_from_me", "handle_id", "service"];

/** When a message was read: by the custodian, or by the only other person of its conversation. */
export function receipts(reading: Reading): Entry[] {
  const { found, guid, base, self, rawOfReceipt } = reading;
  const { row, chats } = found;
  const at = sentAtOf(row, "date_read");
  if (at.sentAt === undefined || row.integer("item_type") !== 0n) return [];
  const reader = isFromSelf(row) ? theOther(chats[0]?.participants ?? []) : self;
  return [
    {
      ...base,
      kind: "receipt",
      ...(reader && { sender: reader }),
      direction: isFromSelf(row) ? "incoming" : "outgoing",
      ...at,
      text: "Read",
      networkId: idOf(guid, "read"),
      target: idOf(guid),
      eventId: idOf(guid, "read"),
      stableDigest: digestOf(guid, "read", row.integer("date_read").toString()),
      raw: rawOfReceipt(),
    },
  ];
}

function theOther<One>(participants: readonly One[]): One | undefined {
  return participants.length === 1 ? participants[0] : undefined;
}

/** Deletions by the custodian, while Messages can still bring the message back. */
export function deletions({ found, guid, base, self }: Reading): Entry[] {
  return found.binned.map((row) => {
    const at = row.integer("delete_date").toString();
    return {
      ...base,
      kind: "delete",
      sender: self,
      direction: "outgoing",
      ...sentAtOf(row, "delete_date"),
      text: "Deleted by the custodian: in Recently Deleted",
      networkId: idOf(guid, "deleted", at),
      target: idOf(guid),
      eventId: idOf(guid, "deleted", at),
      stableDigest: digestOf(guid, "deleted", at),
    };
  });
}

const TOMBSTONE_TEXT = "Deleted on this device: only its id was left";

/** A message of which the database has nothing but the id. @param rowid of `deleted_messages` */
export function tombstone(guid: string, rowid: number): Entry {
  return {
    kind: "delete",
    network: "imessage",
    rowid,
    raw: Buffer.from(JSON.stringify({ deletedMessage: { guid, ROWID: rowid } })),
    files: [],
    text: TOMBSTONE_TEXT,
    networkId: idOf(guid, "tombstone"),
    target: idOf(guid),
    eventId: idOf(guid, "tombstone"),
    stableDigest: digestOf(guid, "tombstone"),
  };
}
