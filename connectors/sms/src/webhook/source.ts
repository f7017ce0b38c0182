import { createHash } from "node:crypto";

/** Secrets of a source: two while one is being replaced. Any of them is good. */
export type Secrets = () => readonly string[];

interface AtUrl {
  /** Names it in records and on the way: `twilio`, `vonage`, or what an operator chose. */
  readonly name: string;
  /** Where the provider posts to, as it is set there: signatures are over this, never over what a Host header says. */
  readonly url: string;
  /** Official numbers whose messages come by it: all, unless given. */
  readonly numbers?: readonly string[] | undefined;
}

/** Programmable Messaging: inbound messages and status callbacks. */
export interface TwilioSource extends AtUrl {
  readonly provider: "twilio";
  readonly accountSid: string;
  /** Sign webhooks, and are the account's password at the API. */
  readonly authTokens: Secrets;
  /** `https://api.twilio.com`, or the region's. */
  readonly apiUrl: string;
  /** Whether the account's list of messages is compared with what came. */
  readonly reconciles: boolean;
}

export type LegacyHash = "sha256" | "sha512";

/** Vonage's Reports API: what it has of an account's messages. */
export interface VonageReports {
  readonly apiKey: string;
  readonly apiSecrets: Secrets;
  /** `https://api.nexmo.com`. */
  readonly apiUrl: string;
  /** The Messages API's records, the SMS API's, or both, where both have webhooks here. */
  readonly products: readonly ("MESSAGES" | "SMS")[];
  /** Between two comparisons. */
  readonly everyMs: number;
}

/** The account that sends by Vonage's Messages API. */
export interface VonageSending {
  readonly apiKey: string;
  readonly apiSecrets: Secrets;
  /** `https://api.nexmo.com`, or the region's. */
  readonly apiUrl: string;
}

/** The Messages API; with `legacyHash` also the SMS API. */
export interface VonageSource extends AtUrl {
  readonly provider: "vonage";
  /** Signature secrets. */
  readonly secrets: Secrets;
  /** HMAC of the SMS API's `sig`; without it, what bears that alone is refused. MD5 and SHA-1 are no choices. */
  readonly legacyHash?: LegacyHash | undefined;
  /** What the account's webhooks are compared with: nothing unless given. */
  readonly reports?: VonageReports | undefined;
  /** By which numbers that may send: none unless given. */
  readonly sends?: VonageSending | undefined;
}

/** Where a body that nobody standardised says things: JSON pointers (RFC 6901), of a form `/name`. */
export interface Fields {
  /** A list of messages; the body itself is one where it is left out. */
  readonly items?: string | undefined;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** RFC 3339 with its zone. */
  readonly sentAt?: string | undefined;
  /** Of a message that was sent: what became of it. */
  readonly status?: string | undefined;
}

/** Any provider that signs the body as it is. */
export interface HmacSource extends AtUrl {
  readonly provider: "hmac";
  readonly secrets: Secrets;
  readonly header: string;
  readonly hash: "sha256" | "sha384" | "sha512";
  readonly encoding: "hex" | "base64";
  /** What stands before the signature: `sha256=`. */
  readonly prefix: string;
  readonly fields: Fields;
}

/** One that only shows a certificate: who sent it is known, and nothing proves the body. */
export interface MutualTlsSource extends AtUrl {
  readonly provider: "mutual-tls";
  /** Names in its certificate, of which one is enough. */
  readonly clientNames: readonly string[];
  readonly fields: Fields;
}

export type WebhookSource = TwilioSource | VonageSource | HmacSource | MutualTlsSource;

/** A request, as it came. */
export interface Received {
  /** The source's own URL, with the query that came. */
  readonly url: URL;
  /** Lower-case names; each of them came once. */
  readonly headers: ReadonlyMap<string, string>;
  /** Without parameters, lower-case. */
  readonly mediaType: string;
  readonly body: Buffer;
  /** Of a client's certificate that the listener's authority signed. */
  readonly client: { readonly names: readonly string[]; readonly fingerprint: string } | undefined;
}

/** Whether a number's messages come by a source. */
export function covers({ numbers }: Pick<WebhookSource, "numbers">, number: string): boolean {
  return numbers?.includes(number) ?? true;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
