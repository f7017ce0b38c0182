import type { Captured, SealedAttachment } from "@daybook/contract";
import { type AboutAttachment, coreOf } from "@daybook/keeping";
import type { Draft } from "../reading/captured.ts";

export function aboutAttachment(draft: Draft, name: string, n: number): AboutAttachment {
  const { eventId, stableDigest, event } = draft;
  return { eventId, stableDigest, core: coreOf(event), name: name.toWellFormed(), n };
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
