import type { Event } from "@daybook/contract";
import type { AttachmentPointer } from "../protocol/gen/data_pb.ts";

/** What one event says: the event's fields, and the attachments that are still to be fetched. */
export interface Reading extends Partial<
  Pick<
    Event,
    | "conversation"
    | "sender"
    | "recipients"
    | "direction"
    | "sentAt"
    | "text"
    | "replyTo"
    | "expiresAfterSeconds"
    | "viewOnce"
    | "networkId"
    | "target"
    | "gap"
    | "coverage"
  >
> {
  readonly kind: Event["kind"];
  readonly attachments?: readonly Attached[];
  /** It is the same wherever it is learned from: by what it is known, and the SHA-256, hex, of what it says. */
  readonly known?: { readonly id: string; readonly digest: string };
  /** Holds keys of the account: its bytes are not recorded. */
  readonly secret?: boolean;
}

/** An attachment as a message names it. */
export interface Attached {
  readonly pointer: AttachmentPointer;
  readonly name: string;
  readonly mediaType: string;
  /** It is the whole of a text too long for a message. */
  readonly isText: boolean;
}

/** One content may name many messages: it becomes so many events at most, and what follows is one more. */
export const MAX_EVENTS = 1_000;

/** What fits, in UTF-16 units, without half a character at its end. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).toWellFormed();
}

/** Milliseconds since 1970 as a record holds them; undefined for what no calendar has. */
export function instantOf(ms: number): string | undefined {
  return ms > 0 && ms <= 253_402_300_799_999 ? new Date(ms).toISOString() : undefined;
}
