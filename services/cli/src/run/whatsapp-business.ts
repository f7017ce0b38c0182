import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger, secret } from "@daybook/runtime";
import { z } from "zod";
import { bytes, type COMMON, key } from "./settings.ts";

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");

/** What capture is told where it captures official numbers: each is missing beside the connector's name, unless it says otherwise. */
export const WHATSAPP_BUSINESS = {
  DAYBOOK_WHATSAPP_BUSINESS_NUMBERS: z
    .string()
    .max(256 * 1024)
    .transform(lines)
    .pipe(
      z
        .array(
          z
            .string()
            .regex(/^\d{1,32}\s+\S/, "each line must be PHONE_NUMBER_ID CUSTODIAN")
            .transform((line) => {
              const [phoneNumberId = ""] = line.split(/\s/, 1);
              return { phoneNumberId, custodian: line.slice(phoneNumberId.length).trim() };
            }),
        )
        .min(1)
        .max(1_000),
    )
    .optional()
    .describe("official numbers: Meta's PHONE_NUMBER_ID and the custodian's name, one a line"),
  DAYBOOK_WHATSAPP_BUSINESS_APP_SECRETS: secret()
    .optional()
    .describe("what Meta signs webhooks with: one a line, two while one is being replaced"),
  DAYBOOK_WHATSAPP_BUSINESS_VERIFY_TOKEN: secret()
    .optional()
    .describe("what Meta shows when the webhook is set up: 16 random characters at least"),
  DAYBOOK_WHATSAPP_BUSINESS_ACCESS_TOKEN: secret()
    .optional()
    .describe("of a system user at Meta: fetches media, sends answers"),
  DAYBOOK_WHATSAPP_BUSINESS_KEY: key("encrypts what the connector remembers").optional(),
  DAYBOOK_WHATSAPP_BUSINESS_PORT: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(65_535)
    .default(4482)
    .describe("port that webhooks come to, at /webhooks/whatsapp alone"),
  DAYBOOK_WHATSAPP_BUSINESS_GRAPH_URL: z
    .url({ protocol: /^https?$/ })
    .refine((url) => /^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url), "must be https")
    .default("https://graph.facebook.com/v25.0")
    .describe("Meta's Graph API, with its version"),
  DAYBOOK_WHATSAPP_BUSINESS_QUIET_HOURS: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(8_760)
    .default(72)
    .describe("a number that usually hears and has not for so many hours raises an alert"),
  DAYBOOK_WHATSAPP_BUSINESS_TEMPLATE: z
    .string()
    .regex(/^[a-z0-9_]{1,512} [A-Za-z_]{2,10}$/, "must be NAME LANGUAGE")
    .transform((text) => {
      const [name = "", language = ""] = text.split(" ");
      return { name, language };
    })
    .optional()
    .describe(
      "an approved template whose body has one variable: sent where 24 hours have passed; none, unless given",
    ),
};

type Given = Config<typeof WHATSAPP_BUSINESS>;

const NEEDED = [
  "DAYBOOK_WHATSAPP_BUSINESS_NUMBERS",
  "DAYBOOK_WHATSAPP_BUSINESS_APP_SECRETS",
  "DAYBOOK_WHATSAPP_BUSINESS_VERIFY_TOKEN",
  "DAYBOOK_WHATSAPP_BUSINESS_ACCESS_TOKEN",
  "DAYBOOK_WHATSAPP_BUSINESS_KEY",
] as const;

export function whatsappBusinessProblems(
  config: Partial<Given> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("whatsapp-business")) return [];
  const missing = NEEDED.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside the connector whatsapp-business`,
  );
  const short = (config.DAYBOOK_WHATSAPP_BUSINESS_VERIFY_TOKEN?.reveal().trim().length ?? 16) < 16;
  return short
    ? [...missing, "DAYBOOK_WHATSAPP_BUSINESS_VERIFY_TOKEN: must be 16 random characters at least"]
    : missing;
}

/** The connector, by settings that were judged before. */
export async function whatsappBusinessOf(
  config: Given & Config<typeof COMMON> & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_WHATSAPP_BUSINESS_NUMBERS: numbers,
    DAYBOOK_WHATSAPP_BUSINESS_APP_SECRETS: appSecrets,
    DAYBOOK_WHATSAPP_BUSINESS_VERIFY_TOKEN: verifyToken,
    DAYBOOK_WHATSAPP_BUSINESS_ACCESS_TOKEN: accessToken,
    DAYBOOK_WHATSAPP_BUSINESS_KEY: stateKey,
    DAYBOOK_TLS_CERTIFICATE: certificate,
    DAYBOOK_TLS_KEY: tlsKey,
  } = config;
  if (!numbers || !appSecrets || !verifyToken || !accessToken || !stateKey)
    throw new TypeError("WhatsApp Business is captured without its settings");
  const { whatsappBusinessLive } = await import("../whatsapp-business.ts");
  return whatsappBusinessLive({
    numbers,
    appSecrets: () => lines(appSecrets.reveal()).map((line) => line.trim()),
    verifyToken: () => verifyToken.reveal().trim(),
    accessToken: () => accessToken.reveal().trim(),
    graphUrl: config.DAYBOOK_WHATSAPP_BUSINESS_GRAPH_URL,
    stateFile: join(config.DAYBOOK_STATE_PATH, "whatsapp-business.state"),
    key: bytes(stateKey),
    template: config.DAYBOOK_WHATSAPP_BUSINESS_TEMPLATE,
    quietMs: config.DAYBOOK_WHATSAPP_BUSINESS_QUIET_HOURS * 3_600_000,
    at: {
      host: config.DAYBOOK_HOST,
      port: config.DAYBOOK_WHATSAPP_BUSINESS_PORT,
      tls: certificate !== undefined && tlsKey ? { certificate, key: tlsKey } : undefined,
    },
    log,
  });
}
