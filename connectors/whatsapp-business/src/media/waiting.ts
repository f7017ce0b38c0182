import { type Captured, event, type SealedAttachment } from "@daybook/contract";
import { z } from "zod";
import type { Draft } from "../reading/drafts.ts";
import { nameOf } from "../reading/reading.ts";
import type { Change, StateFile } from "../state/state-file.ts";

/** What the events about a message's medium share. */
const core = event.pick({
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

/** A medium of a message that is recorded: it is asked for until it is had, or is not at Meta any more. */
export const waitingMedia = z.object({
  eventId: z.string(),
  stableDigest: z.string(),
  n: z.int(),
  core,
  id: z.string(),
  name: z.string(),
  mediaType: z.string(),
  sha256: z.string().optional(),
  /** Milliseconds since 1970. */
  until: z.int(),
  nextAt: z.int(),
  attempts: z.int(),
});
export type WaitingMedia = z.infer<typeof waitingMedia>;

/** As long as Meta keeps a medium whose id came in a webhook. */
const LIFE_MS = 7 * 86_400_000;

export function waitingOf(draft: Draft, now: number): WaitingMedia[] {
  const { v, network, method, provenance, account, connector } = draft.event;
  const { custodian, conversation, sender, direction, sentAt, networkId } = draft.event;
  return draft.media.map(({ id, filename, mime_type: type, sha256 }, n) => ({
    eventId: draft.eventId,
    stableDigest: draft.stableDigest,
    n,
    core: {
      ...{ v, network, method, provenance, account, connector },
      ...(custodian && { custodian }),
      ...(conversation && { conversation }),
      ...(sender && { sender }),
      ...(direction && { direction }),
      ...(sentAt !== undefined && { sentAt }),
      ...(networkId !== undefined && { target: networkId }),
    },
    id,
    name: nameOf(filename) || "attachment",
    mediaType: (type ?? "application/octet-stream").slice(0, 255).toWellFormed(),
    ...(sha256 && { sha256 }),
    until: now + LIFE_MS,
    nextAt: now,
    attempts: 0,
  }));
}

export function keyOf({ core: { account }, eventId, n }: WaitingMedia): string {
  return `${account}:${eventId}:${n}`;
}

export function written(one: WaitingMedia): Change {
  return { kind: "media", name: keyOf(one), value: one };
}

/** It is recorded, as had or as missing: not asked for again when its message is delivered again. */
export function dealtWith(one: WaitingMedia): Change[] {
  const name = keyOf(one);
  return [
    { kind: "media", name, value: undefined },
    { kind: "had", name, value: true },
  ];
}

/** Whether it waits already, or is recorded. */
export function isKnown(one: WaitingMedia, state: StateFile): boolean {
  const name = keyOf(one);
  return state.get("media", name) !== undefined || state.get("had", name) !== undefined;
}

/** It is here, later than its message. */
export function arrived(one: WaitingMedia, attachment: SealedAttachment, at: Date): Captured {
  const { eventId, stableDigest, n } = one;
  return {
    eventId: `${eventId}:media:${n}`,
    stableDigest,
    attachments: [attachment],
    event: {
      ...one.core,
      kind: "notice",
      receivedAt: at.toISOString(),
      text: "The attachment of this message",
      raw: "",
    },
  };
}

/** It is known to be missing. */
export function missing(
  { eventId, stableDigest, n, core: about, name }: WaitingMedia,
  why: string,
): Captured {
  const gap = { why: `An attachment is missing: ${why}`.slice(0, 1_024), about: name };
  return { eventId: `${eventId}:gap:${n}`, stableDigest, event: { ...about, kind: "gap", gap, raw: "" } };
}
