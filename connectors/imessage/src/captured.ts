import type { Captured, Event, Party, SealedAttachment } from "@daybook/contract";
import type { AttachmentFile } from "./reading/attachment-file.ts";
import { CUSTODIAN, digestOf, type Entry, idOf } from "./reading/entry.ts";

/** What an entry becomes part of. */
export interface CaptureContext {
  readonly account: string;
  readonly custodian: Party;
  /** SHA-256, hex, of the imported file. */
  readonly fileSha256: string;
  readonly attachments: readonly SealedAttachment[];
  /** Files that the entry names and that could not be taken: each makes a `gap` beside it. */
  readonly missing: readonly MissingFile[];
}

/** A file that a message names, and why it could not be taken. */
export interface MissingFile {
  readonly name: string;
  readonly why: MissingAttachment;
}

export type MissingAttachment =
  | "attachment named but not in the import"
  | "attachment kept outside of the folder of attachments"
  | "attachment damaged in the import"
  | "attachment larger than is kept";

/** In `connector`: raise the version when a reading changes. */
export const CONNECTOR = { name: "imessage", version: "1" } as const;

/** The events of one entry: the record itself, and a `gap` for each file that is not there. */
export function toCaptured(entry: Entry, context: CaptureContext): Captured[] {
  const { eventId, stableDigest, raw } = entry;
  const read = readingOf(entry, context.custodian);
  const about = aboutOf(entry, context);
  const { network, conversation, sentAt } = read;
  return [
    {
      eventId,
      stableDigest,
      event: {
        ...about,
        ...read,
        raw: raw.toString("base64"),
      },
      ...(context.attachments.length > 0 && { attachments: context.attachments }),
    },
    ...context.missing.map(({ name, why }, i): Captured => {
      const id = idOf(eventId, "gap", digestOf(name, String(i)));
      const gap: NonNullable<Event["gap"]> = { why, about: name.slice(0, 1_024) };
      return {
        eventId: id,
        stableDigest: digestOf(id, why),
        event: {
          ...about,
          kind: "gap",
          network,
          ...(conversation && { conversation }),
          ...(sentAt !== undefined && { sentAt }),
          gap,
          raw: "",
        },
      };
    }),
  ];
}

/** An attachment of a message that is on record without it: a `notice` with it, or a `gap`. */
export function laterFile(
  entry: Entry,
  { id, name }: AttachmentFile,
  taken: SealedAttachment | MissingAttachment,
  context: Omit<CaptureContext, "attachments" | "missing">,
): Captured {
  const fileId = fileIdOf(entry, id);
  const { network, conversation, sentAt, networkId } = entry;
  const about = {
    ...aboutOf(entry, context),
    network,
    ...(conversation && { conversation }),
    ...(networkId !== undefined && { target: networkId }),
    raw: entry.raw.toString("base64"),
  };
  if (typeof taken === "string") {
    const gap = { why: taken, about: name.slice(0, 1_024) };
    const at = sentAt === undefined ? {} : { sentAt };
    const event = { ...about, ...at, kind: "gap" as const, gap };
    return { eventId: idOf(fileId, "gap"), stableDigest: digestOf(fileId, taken), event };
  }
  const text = "The attachment of this message, which an import before this one did not have";
  return {
    eventId: fileId,
    stableDigest: digestOf(fileId, taken.sha256),
    event: { ...about, kind: "notice", text },
    attachments: [taken],
  };
}

/** @param file by what it is known among those of its message */
export function fileIdOf({ eventId }: Entry, file: string): string {
  return idOf(eventId, "file", file);
}

function aboutOf(
  { rowid }: Entry,
  { account, custodian, fileSha256 }: Omit<CaptureContext, "attachments" | "missing">,
) {
  return {
    v: 1,
    method: "export",
    provenance: "supplied",
    account,
    custodian,
    source: {
      sha256: fileSha256,
      line: Math.max(1, Math.min(rowid, Number.MAX_SAFE_INTEGER)),
      offsetBytes: 0,
    },
    connector: CONNECTOR,
  } as const;
}

/** What an entry says, with the custodian by name. */
export function readingOf(entry: Entry, custodian: Party) {
  const {
    eventId: _,
    stableDigest: __,
    rowid: ___,
    raw: ____,
    files: _____,
    alsoIn: ______,
    ...said
  } = entry;
  const { sender, recipients, ...read } = said;
  const named = (party: Party): Party =>
    party.name === CUSTODIAN ? { id: party.id || custodian.id, name: custodian.name } : party;
  return {
    ...read,
    ...(sender && { sender: named(sender) }),
    ...(recipients && { recipients: recipients.map(named) }),
  };
}
