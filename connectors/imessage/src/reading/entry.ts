import { createHash } from "node:crypto";
import type { Event, Party } from "@daybook/contract";
import type { Row } from "../database/table.ts";
import type { AttachmentFile } from "./attachment-file.ts";
import type { Found } from "./found.ts";
import type { Named } from "./people.ts";
import { instantOf } from "./times.ts";

/** Networks that Messages speaks. What an iPhone gets as text messages it passes on to the Mac. */
export type MessagesNetwork = "imessage" | "sms";

/** One event that the database tells of. */
export interface Entry extends Pick<
  Event,
  | "kind"
  | "conversation"
  | "sender"
  | "recipients"
  | "direction"
  | "sentAt"
  | "text"
  | "replyTo"
  | "networkId"
  | "target"
> {
  readonly network: MessagesNetwork;
  /** Other conversations that it lies in: scope is asked about each. No part of the event. */
  readonly alsoIn?: readonly NonNullable<Event["conversation"]>[];
  /** The same whenever, and from whichever copy of the database, it is read. */
  readonly eventId: string;
  readonly stableDigest: string;
  /** ROWID of what it was read from. */
  readonly rowid: number;
  readonly raw: Buffer;
  readonly files: readonly AttachmentFile[];
}

/** What all events of a row share. */
export type Base = Pick<Entry, "network" | "conversation" | "alsoIn" | "rowid" | "raw" | "files">;

/** A row on its way to entries. */
export interface Reading {
  readonly found: Found;
  readonly guid: string;
  readonly base: Base;
  readonly self: Party;
  readonly people: Named;
  readonly rawOfReceipt: () => Buffer;
}

/** Stands for the custodian's name, which no database of Messages tells; so does an empty id. */
export const CUSTODIAN = "";

const MAX_ID = 400;

/** @param parts what 3.7 of the ids is made of: the GUID first */
export function idOf(...parts: readonly (string | number)[]): string {
  const id = parts.join("/");
  return id.length <= MAX_ID ? id : `${id.slice(0, 64)}~${digestOf(id)}`;
}

export function digestOf(...parts: readonly (string | number | undefined)[]): string {
  return createHash("sha256")
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest("hex");
}

export function isFromSelf(row: Row): boolean {
  return row.integer("is_from_me") !== 0n;
}

/** Who sent a row, and to whom. */
export function sentBy({ found, self, people }: Reading): Pick<Entry, "sender" | "recipients" | "direction"> {
  const { row, chats } = found;
  const sender = isFromSelf(row) ? self : people.party(row.integer("handle_id"));
  const others = (chats[0]?.participants ?? []).filter(({ id }) => id !== sender?.id);
  const recipients = isFromSelf(row) ? others : [self, ...others.filter(({ id }) => id !== self.id)];
  return {
    ...(sender && { sender }),
    ...(recipients.length > 0 && { recipients }),
    direction: isFromSelf(row) ? "outgoing" : "incoming",
  };
}

export function sentAtOf(row: Row, column = "date"): Pick<Entry, "sentAt"> {
  const sentAt = instantOf(row.integer(column));
  return sentAt === undefined ? {} : { sentAt };
}
