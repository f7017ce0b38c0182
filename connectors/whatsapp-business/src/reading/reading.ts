import type { Captured } from "@daybook/contract";
import type { Media } from "./schema.ts";

type Event = Captured["event"];

/** What an item says, before it is an event of an account. */
export type Reading = Pick<Event, "kind"> &
  Partial<
    Pick<
      Event,
      | "conversation"
      | "sender"
      | "recipients"
      | "direction"
      | "sentAt"
      | "text"
      | "replyTo"
      | "forwarded"
      | "networkId"
      | "target"
      | "gap"
    >
  > & {
    /** To be fetched: it lives a few days at Meta. */
    readonly media?: readonly (Media & { readonly id: string })[];
    /** Known by this, where another reading of the same item has the item's own id. */
    readonly observation?: string;
  };

/** Longest texts of an event's fields, characters. */
const MAX_TEXT = 1024 * 1024;
const MAX_NAME = 1024;
const MAX_ID = 400;

/** Ids are opaque: one that is longer than any known keeps its beginning. */
export function idOf(id: string): string {
  return id.slice(0, MAX_ID);
}

export function nameOf(name: string | null | undefined): string {
  return (name ?? "").slice(0, MAX_NAME).toWellFormed();
}

export function textOf(text: string): string {
  return text.slice(0, MAX_TEXT);
}

/** Words that are there, one after another. */
export function joined(words: readonly (string | null | undefined)[], by = ", "): string {
  return textOf(words.filter((word) => word !== null && word !== undefined && word !== "").join(by));
}

/** Meta's seconds since 1970, or milliseconds where there are as many digits. */
export function instantOf(time: string | null | undefined): string | undefined {
  if (!/^\d{1,13}$/.test(time ?? "")) return undefined;
  const value = Number(time);
  return new Date(value < 1e11 ? value * 1_000 : value).toISOString();
}
