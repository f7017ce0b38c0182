import type { WebhookSource } from "../source.ts";
import type { ProviderList } from "./list.ts";
import { TwilioList } from "./twilio-list.ts";
import { VonageList } from "./vonage-list.ts";

const TWILIO_EVERY_MS = 10 * 60_000;

/** The list that a source's provider has, and how often it is asked for; undefined where there is none, or it is not to be. */
export function listOf(source: WebhookSource): { list: ProviderList; everyMs: number } | undefined {
  if (source.provider === "twilio" && source.reconciles)
    return { list: new TwilioList(source), everyMs: TWILIO_EVERY_MS };
  if (source.provider === "vonage" && source.reports)
    return { list: new VonageList(source.reports), everyMs: source.reports.everyMs };
  return undefined;
}
