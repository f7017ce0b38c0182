import { z } from "zod";

/** The largest event that travels, in bytes of canonical JSON. Bigger content belongs in an attachment. */
export const MAX_EVENT_BYTES = 2 * 1024 * 1024;

/** What happened. A `message` is a new one; everything else refers to something or observes something. */
export const eventKind = z.enum([
  "message",
  "edit",
  "delete",
  "reaction",
  "receipt",
  "timer",
  "membership",
  "call",
  "identity",
  "notice",
  "gap",
  "coverage",
  "audit",
]);
export type EventKind = z.infer<typeof eventKind>;

/** A messaging network, or `daybook` for what the archive says of itself (audit). */
export const network = z.enum(["whatsapp", "signal", "sms", "imessage", "telegram", "email", "daybook"]);
export type Network = z.infer<typeof network>;

/** How an event was captured. `internal` is Daybook speaking of itself. */
export const method = z.enum([
  "linked-device",
  "business-api",
  "carrier",
  "device-agent",
  "journal",
  "copied",
  "export",
  "internal",
]);
export type Method = z.infer<typeof method>;

/** Who vouches for it: Daybook's own link, a journal, or a party who handed over editable text. */
export const provenance = z.enum(["captured", "journaled", "supplied"]);

/** RFC 3339, UTC, exactly milliseconds: `2026-03-04T15:04:05.000Z`. */
export const instant = z.iso.datetime({ precision: 3 });

/** Wall-clock time of a source that names no zone: `2026-03-04T15:04:05`. Never converted. */
export const localTime = z.iso
  .datetime({ local: true, offset: false })
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const text = (max: number) => z.string().max(max);

/** A person or account as the source names them. `id` is opaque and stable within the network. */
export const party = z.strictObject({ id: text(512).min(1), name: text(1024) });
export type Party = z.infer<typeof party>;

/** Bytes that belong to an event, already sealed and stored. */
export const attachmentRef = z.strictObject({
  name: text(1024),
  mediaType: text(255),
  sizeBytes: z.int().nonnegative(),
  /** SHA-256 of the content. */
  sha256: sha256Hex,
  /** SHA-256 of the sealed bytes: the object is `attachment/<sealed>`. */
  sealed: sha256Hex,
});
export type AttachmentRef = z.infer<typeof attachmentRef>;

/**
 * One thing that happened on a network, as it was captured. `raw` is the evidence, byte for byte; every
 * other field is a reading of it. Times: `sentAt` is the network's clock, `receivedAt` the account's,
 * `capturedAt` Daybook's. A source without a zone gives `localTime` and no `sentAt`.
 */
export const event = z.strictObject({
  v: z.literal(1),
  kind: eventKind,
  network,
  method,
  provenance,
  /** The governed account that saw it: the network's own notation, opaque. */
  account: text(512).min(1),
  custodian: party.optional(),
  conversation: z
    .strictObject({
      id: text(512).min(1),
      title: text(1024),
      kind: z.enum(["direct", "group", "channel", "unknown"]),
    })
    .optional(),
  sender: party.optional(),
  recipients: z.array(party).max(2_000).optional(),
  direction: z.enum(["incoming", "outgoing"]).optional(),
  sentAt: instant.optional(),
  receivedAt: instant.optional(),
  capturedAt: instant,
  localTime: localTime.optional(),
  text: text(1024 * 1024).optional(),
  attachments: z.array(attachmentRef).max(1_000).optional(),
  replyTo: text(512).optional(),
  forwarded: z.boolean().optional(),
  expiresAfterSeconds: z.int().nonnegative().optional(),
  viewOnce: z.boolean().optional(),
  /** The network's id of this event, the same for every account that sees it where the network allows. */
  networkId: text(512).optional(),
  /** `networkId` of what an edit, delete, reaction or receipt is about. */
  target: text(512).optional(),
  /** A known hole. `about` names what is missing: an attachment name, a message id, a link. */
  gap: z
    .strictObject({
      from: instant.optional(),
      to: instant.optional(),
      why: text(1024),
      about: text(1024).optional(),
    })
    .optional(),
  /** An interval of a link: was Daybook listening? `excluded` counts what scope rules left out. */
  coverage: z
    .strictObject({
      from: instant,
      to: instant,
      state: z.enum(["live", "catching-up", "down"]),
      excluded: z.int().nonnegative().optional(),
    })
    .optional(),
  audit: z
    .strictObject({
      actor: text(512),
      action: text(128),
      matter: text(128).optional(),
      subject: text(1024).optional(),
      detail: z.record(z.string().max(128), z.json()).optional(),
    })
    .optional(),
  /**
   * Of a message that somebody wrote in Daybook: `requested` before it is sent, then `failed`, or the message itself
   * as it was `sent`. `by` asked for it; one `id` joins them.
   */
  relay: z
    .strictObject({
      id: z.uuid(),
      state: z.enum(["requested", "sent", "failed"]),
      by: party,
      why: text(1024).optional(),
    })
    .optional(),
  /** Where in an imported file it stands: SHA-256 of the file, line (from 1), byte offset (from 0). */
  source: z
    .strictObject({ sha256: sha256Hex, line: z.int().positive(), offsetBytes: z.int().nonnegative() })
    .optional(),
  /** The network's own bytes, base64. Empty where Daybook itself is the source. */
  raw: z.base64().max(1_500_000),
  connector: z.strictObject({ name: text(64), version: text(32) }),
});
export type Event = z.infer<typeof event>;

/** Time by which an event sorts: the network's, else the wall clock as if UTC, else capture. ISO, ms. */
export function sortTime(e: Pick<Event, "sentAt" | "localTime" | "capturedAt">): string {
  return e.sentAt ?? (e.localTime === undefined ? e.capturedAt : `${e.localTime}.000Z`);
}
