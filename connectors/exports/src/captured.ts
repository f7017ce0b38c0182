import { createHash } from "node:crypto";
import type { Captured, Event, EventKind, Party, SealedAttachment } from "@daybook/contract";
import type { Entry } from "./entries.ts";
import { identityOf, lineIdentity, recordIdentity } from "./identity.ts";
import type { NoticeType } from "./notice-words.ts";
import type { WarningLog } from "./warnings.ts";
import type { ZonedTime } from "./zone.ts";

/** What an entry becomes part of. */
export interface CaptureContext {
  readonly account: string;
  readonly custodian: Party;
  readonly conversation: NonNullable<Event["conversation"]>;
  /** SHA-256, hex, of the imported file. */
  readonly fileSha256: string;
  /** Which it is of the conversation's entries with the same line identity, from 0. */
  readonly ordinal: number;
  /** From `zoneReader`, if the operator stated a zone; without it times stay as they are written. */
  readonly zone?: ((localTime: string) => ZonedTime) | undefined;
  /** The file that the entry names, sealed. */
  readonly attachment?: SealedAttachment | undefined;
  /** The entry names a file that could not be taken: why. Makes a `gap` beside the message. */
  readonly missing?: MissingAttachment | undefined;
  readonly log: WarningLog;
}

/** Why a file that an entry names could not be taken. */
export type MissingAttachment =
  | "attachment named but not in the export"
  | "attachment damaged in the export"
  | "attachment larger than is kept";

/** In `connector`: raise the version when a reading changes. */
export const CONNECTOR = { name: "exports", version: "1" } as const;

/** Bytes of JSON that text may take, so that an event with the largest `raw` stays within MAX_EVENT_BYTES. */
const MAX_TEXT_BYTES = 896 * 1024;

const KINDS: Partial<Record<NoticeType, EventKind>> = {
  added: "membership",
  left: "membership",
  removed: "membership",
  joined: "membership",
  admin: "membership",
  timer: "timer",
  "security-code": "identity",
  "number-changed": "identity",
  call: "call",
};

/**
 * Makes the events of one entry: the record itself, and a `gap` where it names a file that is not there. The same
 * line of the same conversation gives the same `eventId` and `stableDigest` from whichever export it comes.
 */
export function toCaptured(entry: Entry, context: CaptureContext): Captured[] {
  const line = lineIdentity(identityOf(entry));
  const eventId = recordIdentity(context.conversation.id, line, context.ordinal);
  const about: Omit<Event, "attachments" | "capturedAt" | "kind" | "raw"> = {
    v: 1,
    network: "whatsapp",
    method: "export",
    provenance: "supplied",
    account: context.account,
    custodian: context.custodian,
    conversation: context.conversation,
    ...timeOf(entry, context),
    source: { sha256: context.fileSha256, line: entry.line, offsetBytes: entry.offsetBytes },
    connector: CONNECTOR,
  };
  const { notice } = entry.meaning;
  const text = fitting(entry.body);
  if (text.length < entry.body.length) context.log.note("text-cut", entry.line);
  const captured: Captured[] = [
    {
      eventId,
      stableDigest: digest(line),
      event: {
        ...about,
        kind: entry.kind === "message" ? "message" : ((notice && KINDS[notice.type]) ?? "notice"),
        // Whom iOS puts a known notice under wrote nothing.
        ...(entry.author === undefined || notice !== undefined ? {} : { sender: partyOf(entry.author) }),
        text,
        ...(entry.meaning.type === "view-once" ? { viewOnce: true } : {}),
        raw: entry.raw.toString("base64"),
      },
      ...(context.attachment === undefined ? {} : { attachments: [context.attachment] }),
    },
  ];
  if (context.missing !== undefined) {
    const gap = { why: context.missing, about: (entry.meaning.attachmentName ?? "").slice(0, 1024) };
    captured.push({
      eventId: `${eventId}:gap`,
      stableDigest: digest(`${line}:gap`),
      event: { ...about, kind: "gap", gap, raw: "" },
    });
  }
  return captured;
}

function timeOf(entry: Entry, { zone, log }: CaptureContext): { sentAt: string } | { localTime: string } {
  if (zone === undefined) return { localTime: entry.localTime };
  const { instant, doubt } = zone(entry.localTime);
  if (doubt !== undefined)
    log.note(doubt === "ambiguous" ? "time-ambiguous" : "time-nonexistent", entry.line);
  return { sentAt: instant };
}

function partyOf(name: string): Party {
  return { id: name, name };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** As much of a text as fits into a record, cut between characters. */
function fitting(text: string): string {
  // In JSON a UTF-16 unit takes at most six bytes: short texts need no counting.
  if (text.length * 6 <= MAX_TEXT_BYTES) return text;
  let end = text.length;
  while (Buffer.byteLength(JSON.stringify(text.slice(0, end))) > MAX_TEXT_BYTES) end = Math.floor(end * 0.9);
  if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
