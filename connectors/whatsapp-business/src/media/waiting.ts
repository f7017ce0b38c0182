import { coreOf, waitingAttachment } from "@daybook/keeping";
import { z } from "zod";
import type { Draft } from "../reading/drafts.ts";
import { nameOf } from "../reading/reading.ts";

/** A medium of a message that is recorded: it is asked for until it is had, or is not at Meta any more. */
export const waitingMedia = waitingAttachment.extend({
  id: z.string(),
  mediaType: z.string(),
  sha256: z.string().optional(),
});
export type WaitingMedia = z.infer<typeof waitingMedia>;

/** As long as Meta keeps a medium whose id came in a webhook. */
const LIFE_MS = 7 * 86_400_000;

export function waitingOf(draft: Draft, now: number): WaitingMedia[] {
  return draft.media.map(({ id, filename, mime_type: type, sha256 }, n) => ({
    eventId: draft.eventId,
    stableDigest: draft.stableDigest,
    n,
    core: coreOf(draft.event),
    id,
    name: nameOf(filename) || "attachment",
    mediaType: (type ?? "application/octet-stream").slice(0, 255).toWellFormed(),
    ...(sha256 && { sha256 }),
    until: now + LIFE_MS,
    nextAt: now,
    attempts: 0,
  }));
}
