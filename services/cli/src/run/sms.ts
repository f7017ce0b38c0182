import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger, secret } from "@daybook/runtime";
import { z } from "zod";
import { e164, keepsHours, smppAlphabet, smppHosts, smsCountry } from "../sms-settings.ts";
import { bytes, key, pem } from "./settings.ts";

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const number = z.string().transform((line, context) => {
  const [first = ""] = line.split(/\s/, 1);
  const parsed = e164.safeParse(first);
  const custodian = line.slice(first.length).trim();
  if (parsed.success && custodian !== "") return { number: parsed.data, custodian };
  context.addIssue({
    code: "custom",
    message: "each line must be NUMBER CUSTODIAN, the number with its country",
  });
  return z.NEVER;
});

/** What capture is told where it captures text messages: each is missing beside the connector's name, unless it says otherwise. */
export const SMS = {
  DAYBOOK_SMS_NUMBERS: z
    .string()
    .max(256 * 1024)
    .transform(lines)
    .pipe(z.array(number).min(1).max(1_000))
    .optional()
    .describe("official numbers: the number with its country and the custodian's name, one a line"),
  DAYBOOK_SMS_SMPP_HOSTS: z
    .string()
    .max(4_096)
    .transform(lines)
    .pipe(smppHosts)
    .optional()
    .describe("the aggregator's hosts, smpps://HOST:PORT, one a line: each is bound"),
  DAYBOOK_SMS_SMPP_SYSTEM_ID: z.string().min(1).max(64).optional().describe("what it is bound as"),
  DAYBOOK_SMS_SMPP_PASSWORD: secret().optional().describe("the password of that"),
  DAYBOOK_SMS_SMPP_SYSTEM_TYPE: z
    .string()
    .max(64)
    .default("")
    .describe("system_type, where the aggregator wants one"),
  DAYBOOK_SMS_SMPP_ALPHABET: smppAlphabet.describe("what data coding 0 means there"),
  DAYBOOK_SMS_SMPP_CA: pem().optional().describe("certificates that vouch for its hosts, PEM: the system's"),
  DAYBOOK_SMS_SMPP_KEEPS_HOURS: keepsHours.describe(
    "how long it keeps what it cannot deliver: a longer outage is a gap. Ask it",
  ),
  DAYBOOK_SMS_COUNTRY: smsCountry
    .optional()
    .describe("where numbers are from that are written without their country: GB"),
  DAYBOOK_SMS_KEY: key("encrypts what the connector remembers").optional(),
};

type Given = Config<typeof SMS>;

const NEEDED = [
  "DAYBOOK_SMS_NUMBERS",
  "DAYBOOK_SMS_SMPP_HOSTS",
  "DAYBOOK_SMS_SMPP_SYSTEM_ID",
  "DAYBOOK_SMS_SMPP_PASSWORD",
  "DAYBOOK_SMS_COUNTRY",
  "DAYBOOK_SMS_KEY",
] as const;

export function smsProblems(
  config: Partial<Given> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("sms")) return [];
  return NEEDED.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside the connector sms`,
  );
}

/** The connector, by settings that were judged before. */
export async function smsOf(
  config: Given & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_SMS_NUMBERS: numbers,
    DAYBOOK_SMS_SMPP_HOSTS: hosts,
    DAYBOOK_SMS_SMPP_SYSTEM_ID: systemId,
    DAYBOOK_SMS_SMPP_PASSWORD: password,
    DAYBOOK_SMS_COUNTRY: country,
    DAYBOOK_SMS_KEY: stateKey,
  } = config;
  if (!numbers || !hosts || systemId === undefined || !password || country === undefined || !stateKey)
    throw new TypeError("SMS is captured without its settings");
  const { smsLive } = await import("../sms.ts");
  return smsLive({
    numbers,
    smpp: {
      ...{ hosts, systemId, country },
      password: () => password.reveal().trim(),
      systemType: config.DAYBOOK_SMS_SMPP_SYSTEM_TYPE,
      alphabet: config.DAYBOOK_SMS_SMPP_ALPHABET,
      keepsMs: config.DAYBOOK_SMS_SMPP_KEEPS_HOURS * 3_600_000,
      ca: config.DAYBOOK_SMS_SMPP_CA,
    },
    stateFile: join(config.DAYBOOK_STATE_PATH, "sms.state"),
    key: bytes(stateKey),
    log,
  });
}
