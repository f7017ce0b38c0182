import type { Event } from "@daybook/contract";

/** What one event says, before it is an event of an account. */
export interface Reading extends Partial<
  Pick<
    Event,
    | "conversation"
    | "sender"
    | "recipients"
    | "direction"
    | "sentAt"
    | "receivedAt"
    | "text"
    | "replyTo"
    | "forwarded"
    | "expiresAfterSeconds"
    | "viewOnce"
    | "networkId"
    | "target"
    | "gap"
  >
> {
  readonly kind: Event["kind"];
  /** By which it is known: the same however often and whichever way it is observed. */
  readonly id: string;
  /** What of it does not change. Other content under the same id is another record. */
  readonly stable: readonly unknown[];
  readonly media?: MediaWanted;
  /** Its own bytes, where they are less than the whole observation. */
  readonly raw?: string;
}

/** What a message says, beside who said it to whom. */
export type Said = Pick<
  Reading,
  "kind" | "text" | "target" | "expiresAfterSeconds" | "gap" | "sender" | "direction" | "networkId"
>;

/** A file of a message, to be asked of the page. */
export interface MediaWanted {
  /** The message's serialized id. */
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes?: number | undefined;
  /** Of the content, hex. */
  readonly sha256?: string | undefined;
}

/** Longest text of an event, and of what is remembered of one: as long as WhatsApp lets a message be. UTF-16 units. */
export const MAX_TEXT = 65_536;
const MAX_NAME = 1_024;
const MAX_ID = 512;
const LAST_MS = 253_402_300_799_999;

/** What fits, in UTF-16 units, without half a character in it. */
export function cut(text: string, most = MAX_TEXT): string {
  return text.slice(0, most).toWellFormed();
}

export function nameOf(name: string | null | undefined): string {
  return cut(name ?? "", MAX_NAME);
}

/** Ids are opaque: one that is longer than any known keeps its beginning. */
export function idOf(id: string): string {
  return cut(id, MAX_ID);
}

/** Words that are there, one after another. */
export function joined(words: readonly (string | number | false | null | undefined)[], by = ", "): string {
  return cut(
    words.filter((word) => word !== null && word !== undefined && word !== false && word !== "").join(by),
  );
}

/** Milliseconds since 1970 as a record holds them; undefined for what no calendar has. */
export function instantOf(ms: number | null | undefined): string | undefined {
  return ms !== null && ms !== undefined && ms > 0 && ms <= LAST_MS
    ? new Date(Math.trunc(ms)).toISOString()
    : undefined;
}

/** The field of that name, where there is a value for it. */
export function given<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}
