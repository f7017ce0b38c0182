import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger, secret } from "@daybook/runtime";
import { z } from "zod";
import {
  appleAccount,
  bluebubblesUrl,
  canaryConversation,
  canaryMinutes,
  pollSeconds,
  webhookSecret,
} from "../bluebubbles-settings.ts";
import { bytes, type COMMON, key } from "./settings.ts";

/** What capture is told where it asks a Mac's BlueBubbles: each is missing beside the connector's name, unless it says otherwise. */
export const IMESSAGE = {
  DAYBOOK_IMESSAGE_BLUEBUBBLES_URL: bluebubblesUrl
    .optional()
    .describe("the Mac's BlueBubbles server, https://HOST[:PORT]: its password stands in each address"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_PASSWORD: secret().optional().describe("the password of its settings"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_ACCOUNT: appleAccount
    .optional()
    .describe("the Apple account that is signed in there: olivia@minister.example"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_CUSTODIAN: z
    .string()
    .trim()
    .min(1)
    .max(1_024)
    .optional()
    .describe("whose account that is: the custodian's name"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_POLL_SECONDS: pollSeconds.describe("seconds between two polls"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_WEBHOOK_SECRET: secret()
    .optional()
    .describe(
      "the last part of the address that BlueBubbles posts to, 32 letters or digits at random: it polls at once then; none, unless given",
    ),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_PORT: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(65_535)
    .default(4487)
    .describe("port that those posts come to, at /webhooks/bluebubbles/SECRET"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_RELAY: z
    .enum(["yes", "no"])
    .default("no")
    .transform((text) => text === "yes")
    .describe("yes: messages may be sent from that account, by BlueBubbles's private API"),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_CANARY: canaryConversation
    .optional()
    .describe(
      "the account's conversation with itself, to which test messages are sent; none are, unless given",
    ),
  DAYBOOK_IMESSAGE_BLUEBUBBLES_CANARY_MINUTES: canaryMinutes.describe("minutes between test messages"),
  DAYBOOK_IMESSAGE_KEY: key("encrypts what the connector remembers").optional(),
};

type Given = Config<typeof IMESSAGE>;

const NEEDED = [
  "DAYBOOK_IMESSAGE_BLUEBUBBLES_URL",
  "DAYBOOK_IMESSAGE_BLUEBUBBLES_PASSWORD",
  "DAYBOOK_IMESSAGE_BLUEBUBBLES_ACCOUNT",
  "DAYBOOK_IMESSAGE_BLUEBUBBLES_CUSTODIAN",
  "DAYBOOK_IMESSAGE_KEY",
] as const;

export function imessageProblems(
  config: Partial<Given> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("imessage")) return [];
  const missing = NEEDED.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside the connector imessage`,
  );
  const posted = config.DAYBOOK_IMESSAGE_BLUEBUBBLES_WEBHOOK_SECRET;
  return posted && !webhookSecret.safeParse(posted.reveal()).success
    ? [
        ...missing,
        "DAYBOOK_IMESSAGE_BLUEBUBBLES_WEBHOOK_SECRET: must be 32 letters or digits at least, at random",
      ]
    : missing;
}

/** The connector, by settings that were judged before. */
export async function imessageOf(
  config: Given & Config<typeof COMMON> & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_IMESSAGE_BLUEBUBBLES_URL: url,
    DAYBOOK_IMESSAGE_BLUEBUBBLES_PASSWORD: password,
    DAYBOOK_IMESSAGE_BLUEBUBBLES_ACCOUNT: account,
    DAYBOOK_IMESSAGE_BLUEBUBBLES_CUSTODIAN: custodian,
    DAYBOOK_IMESSAGE_BLUEBUBBLES_WEBHOOK_SECRET: posted,
    DAYBOOK_IMESSAGE_BLUEBUBBLES_CANARY: conversation,
    DAYBOOK_IMESSAGE_KEY: stateKey,
    DAYBOOK_TLS_CERTIFICATE: certificate,
    DAYBOOK_TLS_KEY: tlsKey,
  } = config;
  if (
    url === undefined ||
    !password ||
    account === undefined ||
    custodian === undefined ||
    stateKey === undefined
  )
    throw new TypeError("iMessage is captured without its settings");
  const { bluebubblesLive } = await import("../bluebubbles.ts");
  return bluebubblesLive({
    ...{ url, account, custodian, log },
    password: () => password.reveal().trim(),
    webhookSecret: posted && (() => posted.reveal().trim()),
    mayRelay: config.DAYBOOK_IMESSAGE_BLUEBUBBLES_RELAY,
    canary:
      conversation === undefined
        ? undefined
        : { conversation, everyMs: config.DAYBOOK_IMESSAGE_BLUEBUBBLES_CANARY_MINUTES * 60_000 },
    pollMs: config.DAYBOOK_IMESSAGE_BLUEBUBBLES_POLL_SECONDS * 1_000,
    stateFile: join(config.DAYBOOK_STATE_PATH, "bluebubbles.state"),
    key: bytes(stateKey),
    at: {
      host: config.DAYBOOK_HOST,
      port: config.DAYBOOK_IMESSAGE_BLUEBUBBLES_PORT,
      tls: certificate !== undefined && tlsKey ? { certificate, key: tlsKey } : undefined,
    },
  });
}
