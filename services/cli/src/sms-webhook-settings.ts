import { z } from "zod";
import { e164 } from "./sms-numbers.ts";

const MAX_SOURCES = 10;
const word = z.string().trim().min(1).max(4_096);
/** Two while one is being replaced. */
const secrets = z.array(word).min(1).max(4);
const isOwn = (url: string) => /^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url);
const https = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .refine(isOwn, "must be https");
/** As it is set at the provider, without what follows `#`. */
const url = https.refine((text) => {
  const { username, password, hash } = new URL(text);
  return username === "" && password === "" && hash === "";
}, "must have no user, password or fragment");
const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a word of small letters");
const pointer = z.string().regex(/^(?:\/[^/]{1,100}){1,8}$/, "must be a JSON pointer, like /message/id");

const fields = z.strictObject({
  items: pointer.optional(),
  id: pointer,
  from: pointer,
  to: pointer,
  text: pointer,
  sentAt: pointer.optional(),
  status: pointer.optional(),
});

/** Vonage's Reports API, which charges for each record that it answers. */
const reports = z.strictObject({
  apiKey: z.string().regex(/^\w{8}$/, "must be eight letters and digits"),
  apiSecrets: secrets,
  apiUrl: https.default("https://api.nexmo.com"),
  products: z
    .array(z.enum(["MESSAGES", "SMS"]))
    .min(1)
    .max(2)
    .refine(isDistinct, "must not have one twice")
    .default(["MESSAGES"]),
  everyMinutes: z.int().min(10).max(1_440).default(60),
});

/** The account by which numbers send that may. */
const sends = z.strictObject({
  apiKey: z.string().regex(/^\w{8}$/, "must be eight letters and digits"),
  apiSecrets: secrets,
  apiUrl: https.default("https://api.nexmo.com"),
});

/** Whose messages come by a source: all unless given. */
const numbers = z.array(e164).min(1).max(1_000).optional();

const source = z.discriminatedUnion("provider", [
  z.strictObject({
    provider: z.literal("twilio"),
    name: name.default("twilio"),
    ...{ url, numbers },
    accountSid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, "must be AC and 32 digits"),
    authTokens: secrets,
    apiUrl: https.default("https://api.twilio.com"),
    reconcile: z.boolean().default(true),
  }),
  z.strictObject({
    provider: z.literal("vonage"),
    name: name.default("vonage"),
    ...{ url, numbers },
    secrets,
    legacyHash: z.enum(["sha256", "sha512"]).optional(),
    reports: reports.optional(),
    sends: sends.optional(),
  }),
  z.strictObject({
    provider: z.literal("hmac"),
    ...{ name, url, numbers },
    secrets,
    header: z.string().regex(/^[\w-]{1,64}$/),
    hash: z.enum(["sha256", "sha384", "sha512"]).default("sha256"),
    encoding: z.enum(["hex", "base64"]).default("hex"),
    prefix: z.string().max(64).default(""),
    fields,
  }),
  z.strictObject({
    provider: z.literal("mutual-tls"),
    ...{ name, url, numbers },
    clientNames: z.array(z.string().min(1).max(255)).min(1).max(20),
    fields,
  }),
]);

/** What is said of providers that push: see `connectors/sms`. */
export const smsWebhooks = z
  .strictObject({
    port: z.int().min(1).max(65_535).default(4484),
    keepsHours: z.int().min(1).max(8_760).default(24),
    /** Certificates that sign those of the providers which show one, PEM. */
    clientAuthority: z
      .string()
      .regex(/-----BEGIN [A-Z ]+-----/, "must be PEM")
      .optional(),
    sources: z.array(source).min(1).max(MAX_SOURCES),
  })
  .refine(({ sources }) => isDistinct(sources.map((one) => one.name)), {
    path: ["sources"],
    error: "must have a name each",
  })
  .refine(({ sources }) => isDistinct(sources.map((one) => pathOf(one.url))), {
    path: ["sources"],
    error: "must have a path each",
  })
  .refine(
    ({ sources, clientAuthority }) =>
      clientAuthority !== undefined || sources.every(({ provider }) => provider !== "mutual-tls"),
    { path: ["clientAuthority"], error: "is missing beside mutual-tls" },
  );
export type SmsWebhookSettings = z.infer<typeof smsWebhooks>;

function pathOf(text: string): string {
  return URL.canParse(text) ? new URL(text).pathname : text;
}

function isDistinct(all: readonly string[]): boolean {
  return new Set(all).size === all.length;
}
