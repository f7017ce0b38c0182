import { createHash } from "node:crypto";
import type { Entry } from "./entries.ts";

/** What makes two records of two exports the same line of one conversation. */
export interface LineIdentity {
  /** Wall-clock minute as read, `YYYY-MM-DDTHH:mm`: Android has no seconds. */
  readonly minute: string;
  /** Empty for app-written lines: iOS puts them under a name that changes, Android under none. */
  readonly author: string;
  readonly canonicalBody: string;
}

export function identityOf(
  entry: Pick<Entry, "localTime" | "author" | "canonicalBody" | "kind">,
): LineIdentity {
  return {
    minute: entry.localTime.slice(0, 16),
    author: entry.kind === "system" ? "" : (entry.author ?? ""),
    canonicalBody: entry.canonicalBody,
  };
}

/** The identity as one string, the same for ever: what capture makes keyed digests of. It holds message text. */
export function lineIdentity({ minute, author, canonicalBody }: LineIdentity): string {
  return JSON.stringify([minute, author, canonicalBody]);
}

/**
 * The stable id of a record: SHA-256, hex, of its conversation, its line's identity and which it is of the
 * conversation's equal lines, from 0.
 */
export function recordIdentity(conversation: string, line: string, ordinal: number): string {
  return createHash("sha256")
    .update(JSON.stringify([conversation, line, ordinal]))
    .digest("hex");
}
