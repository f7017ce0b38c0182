import type { Twilio } from "../../../../../test/fakes/twilio.ts";
import type { WebhookSource } from "../../../src/index.ts";
import { ACCOUNT, PUBLIC, TOKEN } from "./names.ts";

const FIELDS = { id: "/id", from: "/from", to: "/to", text: "/text", sentAt: "/at", status: "/status" };

/** One of each. */
export function sources(twilio: Twilio, more: Partial<Extract<WebhookSource, { provider: "twilio" }>> = {}) {
  return [
    {
      ...{ provider: "twilio", name: "twilio", url: `${PUBLIC}/twilio`, accountSid: ACCOUNT },
      ...{ authTokens: () => [TOKEN], apiUrl: twilio.url, reconciles: false },
      ...more,
    },
    {
      ...{ provider: "vonage", name: "vonage", url: `${PUBLIC}/vonage`, legacyHash: "sha256" },
      secrets: () => ["the next secret of Vonage's, made up", "a secret of Vonage's, made up"],
    },
    {
      ...{ provider: "hmac", name: "operator", url: `${PUBLIC}/operator`, fields: FIELDS },
      ...{ header: "X-Signature", hash: "sha256", encoding: "hex", prefix: "sha256=" },
      secrets: () => ["an operator's secret, made up"],
    },
    {
      ...{ provider: "mutual-tls", name: "carrier", url: `${PUBLIC}/carrier`, fields: FIELDS },
      clientNames: ["sms.carrier.example"],
    },
  ] as const satisfies WebhookSource[];
}
