import { type Change, StateFile } from "@daybook/keeping";

/**
 * What is remembered between runs: ids of what is recorded, media that wait, how far a provider's list agrees, coverage, tests; who
 * wrote to whom, and asked not to be written to; how far what is sent is.
 */
export type WebhookStateKind =
  "known" | "media" | "had" | "agreed" | "coverage" | "canary" | "talk" | "relayed";
export type WebhookStateChange = Change<WebhookStateKind>;

/**
 * Losing it loses no message that was answered, but media that were not fetched yet; and what the provider lists is compared
 * from the next start on. Nobody can be answered then until they write again, and who asked not to be written to is not known.
 */
export type WebhookState = StateFile<WebhookStateKind>;

/** @throws {ConnectorError} `malformed` when another process has it, it is damaged, or under another key */
export function openWebhookState(path: string, key: Uint8Array, now: () => Date): WebhookState {
  const label = "daybook sms webhooks state v1";
  return StateFile.open({ path, key, label, whose: "SMS's webhooks", now });
}
