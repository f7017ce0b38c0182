import { type Captured, event, type Event, type SealedAttachment } from "@daybook/contract";
import { z } from "zod";

/** What the events about a message's attachment share: whose message it is, where, and its network id as their target. */
export const messageCore = event.pick({
  v: true,
  network: true,
  method: true,
  provenance: true,
  account: true,
  custodian: true,
  conversation: true,
  sender: true,
  direction: true,
  sentAt: true,
  target: true,
  connector: true,
});
export type MessageCore = z.infer<typeof messageCore>;

/** One attachment of one message. */
export const aboutAttachment = z.object({
  /** Of the message's event. */
  eventId: z.string(),
  stableDigest: z.string(),
  core: messageCore,
  /** As the message names it. */
  name: z.string(),
  /** Its place among the message's attachments. */
  n: z.int().nonnegative(),
  /** By what it is known among them, where others may come before it later. */
  file: z.string().min(1).max(100).optional(),
});
export type AboutAttachment = z.infer<typeof aboutAttachment>;

/** By what it is known among the attachments of its message. */
export function fileOf({ n, file }: Pick<AboutAttachment, "n" | "file">): string {
  return file ?? String(n);
}

/** What an event about a message's attachment says of the message. */
export function coreOf(message: Omit<Event, "attachments" | "capturedAt">): MessageCore {
  const { v, network, method, provenance, account, connector } = message;
  const { custodian, conversation, sender, direction, sentAt, networkId } = message;
  return {
    ...{ v, network, method, provenance, account, connector },
    ...(custodian && { custodian }),
    ...(conversation && { conversation }),
    ...(sender && { sender }),
    ...(direction && { direction }),
    ...(sentAt !== undefined && { sentAt }),
    ...(networkId !== undefined && { target: networkId }),
  };
}

/** It is here, later than its message: a notice with the attachment. */
export function arrived(
  { eventId, stableDigest, core, ...of }: AboutAttachment,
  attachment: SealedAttachment,
  receivedAt: Date,
): Captured {
  return {
    eventId: `${eventId}:media:${fileOf(of)}`,
    stableDigest,
    attachments: [attachment],
    event: {
      ...core,
      kind: "notice",
      receivedAt: receivedAt.toISOString(),
      text: "The attachment of this message",
      raw: "",
    },
  };
}

/** It is known to be missing: a gap. @param why a clause, with no user data */
export function missing(
  { eventId, stableDigest, core, name, ...of }: AboutAttachment,
  why: string,
): Captured {
  const gap = { why: `An attachment is missing: ${why}`.slice(0, 1_024), about: name };
  return {
    eventId: `${eventId}:gap:${fileOf(of)}`,
    stableDigest,
    event: { ...core, kind: "gap", gap, raw: "" },
  };
}
