import { coreOf, waitingAttachment } from "@daybook/keeping";
import { z } from "zod";
import type { Draft } from "../draft.ts";
import type { WebhookSource } from "../source.ts";

/** A medium of a message that is recorded: it is asked for until it is had, or its provider has it no more. */
export const waitingMedium = waitingAttachment.extend({
  /** Name of its source. */
  source: z.string(),
  url: z.string(),
  mediaType: z.string(),
});
export type WaitingMedium = z.infer<typeof waitingMedium>;

const DAY_MS = 86_400_000;
/** Twilio keeps media until the account deletes them; Vonage's addresses are good for 48 hours. */
const LIFE_MS: Readonly<Record<WebhookSource["provider"], number>> = {
  twilio: 30 * DAY_MS,
  vonage: 2 * DAY_MS,
  hmac: 2 * DAY_MS,
  "mutual-tls": 2 * DAY_MS,
};
const TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}/;

export function waitingOf(
  draft: Draft,
  source: Pick<WebhookSource, "name" | "provider">,
  now: number,
): WaitingMedium[] {
  return draft.media.map(({ url, name, mediaType }, n) => ({
    ...{ eventId: draft.eventId, stableDigest: draft.stableDigest, n, core: coreOf(draft.event) },
    ...{ source: source.name, url: url.slice(0, 4_096), name: name.slice(0, 400).toWellFormed() },
    mediaType: typeOf(mediaType) ?? "",
    ...{ until: now + LIFE_MS[source.provider], nextAt: now, attempts: 0 },
  }));
}

/** Without parameters; undefined for what is no type. */
export function typeOf(written: string | undefined): string | undefined {
  return TYPE.exec(written ?? "")?.[0].toLowerCase();
}
