import { StateFile } from "@daybook/keeping";
import { z } from "zod";

/** UIDs of which some are remembered are remembered by the thousand. */
const blocks = z.array(z.int());

/** Where a folder was left. Times are milliseconds since 1970. */
export const cursor = z.object({
  uidValidity: z.string(),
  /** All messages up to this UID are captured, or gone. */
  through: z.int(),
  /** The next UID that the server would give, at the last visit that was finished; at the first, when it began. */
  next: z.int(),
  /** Messages in it at the last visit that was finished. */
  exists: z.int().optional(),
  visitedAt: z.int(),
  blocks,
  /** What stood under a UIDVALIDITY of before, until the folder has been walked again. */
  former: z.array(z.object({ uidValidity: z.string(), blocks })),
});
export type Cursor = z.infer<typeof cursor>;

/** A message of a folder: its UID, and the beginning of its digest. */
export const entry = z.tuple([z.int(), z.string()]);
export type Entry = z.infer<typeof entry>;

/** A message that was captured, or that scope left out: then nothing names it. */
export const message = z.object({
  target: z.string().optional(),
  /** How often the account has it, in all folders. */
  times: z.int(),
});
export type Message = z.infer<typeof message>;

const place = { folder: z.string(), uidValidity: z.string(), from: z.int(), to: z.int() };

/** A message that a folder no longer has. */
export const lost = z.object({ ...place, uid: z.int(), digest: z.string() });
export type Lost = z.infer<typeof lost>;

/** Messages that were there, or may have been, and were never had. */
export const missed = z.object({
  ...place,
  why: z.enum(["gone", "refused", "too-large"]),
  /** The first of them. */
  uids: z.array(z.int()),
  count: z.int(),
});
export type Missed = z.infer<typeof missed>;

/** Of an account: its folders, and what is to be recorded of what is not there, written with the cursor that has passed it. */
export const standing = z.object({
  folders: z.array(z.string()),
  lost: z.array(lost),
  missed: z.array(missed),
});
export type Standing = z.infer<typeof standing>;

export type ImapStateKind = "coverage" | "folder" | "known" | "message" | "standing";
export type ImapState = StateFile<ImapStateKind>;

/** @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key */
export function openImapState(path: string, key: Uint8Array, now: () => Date): ImapState {
  return StateFile.open({ path, key, now, label: "daybook imap state v1", whose: "IMAP's connector" });
}
