import type { MutualTlsSource, Received, WebhookSource } from "../source.ts";
import { signedByHmac } from "./hmac.ts";
import { TWILIO_SETTINGS, TWILIO_SIGNATURE, signedByTwilio } from "./twilio.ts";
import { signedByVonage } from "./vonage.ts";

/** By provider: what proves a request, in words for its record; undefined for one that nothing proves. */
type Verifiers = {
  readonly [Provider in WebhookSource["provider"]]: (
    source: Extract<WebhookSource, { provider: Provider }>,
    received: Received,
  ) => string | undefined | Promise<string | undefined>;
};

const VERIFIERS: Verifiers = {
  twilio: signedByTwilio,
  vonage: signedByVonage,
  hmac: signedByHmac,
  "mutual-tls": shownByCertificate,
};

/** What proves that the source sent these bytes, in words for the record; undefined where nothing does. */
export async function proofOf(source: WebhookSource, received: Received): Promise<string | undefined> {
  const verify = VERIFIERS[source.provider] as (
    of: WebhookSource,
    it: Received,
  ) => ReturnType<typeof proofOf>;
  return verify(source, received);
}

/** The headers that a proof is made of: they are kept with the body. */
export function proofHeaders(source: WebhookSource): readonly string[] {
  switch (source.provider) {
    case "twilio":
      return [TWILIO_SIGNATURE, TWILIO_SETTINGS];
    case "vonage":
      return ["authorization"];
    case "hmac":
      return [source.header.toLowerCase()];
    case "mutual-tls":
      return [];
  }
}

function shownByCertificate({ clientNames }: MutualTlsSource, { client }: Received): string | undefined {
  if (!client?.names.some((name) => clientNames.includes(name))) return undefined;
  return `transport only: a client's certificate, SHA-256 ${client.fingerprint}; nothing signs the body`;
}
