import { type Captured, event, type SealedAttachment } from "@daybook/contract";
import type { z } from "zod";
import type { Draft } from "../reading/captured.ts";

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
export interface AboutAttachment {
  /** Of the message's event. */
  readonly eventId: string;
  readonly stableDigest: string;
  readonly core: MessageCore;
  /** As the message names it. */
  readonly name: string;
  /** Its place among the message's attachments. */
  readonly n: number;
}

export function aboutAttachment(draft: Draft, name: string, n: number): AboutAttachment {
  const { v, network, method, provenance, account, connector } = draft.event;
  const { custodian, conversation, sender, direction, sentAt, networkId } = draft.event;
  return {
    eventId: draft.eventId,
    stableDigest: draft.stableDigest,
    name: name.toWellFormed(),
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
  };
}

/** It is known to be missing. */
export function missing({ eventId, stableDigest, core, name, n }: AboutAttachment, why: string): Captured {
  return {
    eventId: `${eventId}:gap:${n}`,
    stableDigest,
    event: { ...core, kind: "gap", gap: { why: why.slice(0, 1024), about: name }, raw: "" },
  };
}

/** It is not here yet, and is asked for until then. */
export function awaited({ eventId, stableDigest, core, n }: AboutAttachment, until: Date): Captured {
  const text = `An attachment of this message is not here yet: it is asked for until ${until.toISOString()}`;
  return {
    eventId: `${eventId}:awaited:${n}`,
    stableDigest,
    event: { ...core, kind: "notice", text, raw: "" },
  };
}

/** It came later than its message. @param text the whole of a long text, where it is one */
export function late(
  { eventId, stableDigest, core, n }: AboutAttachment,
  { attachment, text }: { readonly attachment: SealedAttachment; readonly text?: string },
  receivedAt: Date,
): Captured {
  return {
    eventId: `${eventId}:late:${n}`,
    stableDigest,
    attachments: [attachment],
    event: {
      ...core,
      kind: "notice",
      receivedAt: receivedAt.toISOString(),
      text: text ?? "An attachment of this message that was not here is recorded now",
      raw: "",
    },
  };
}
