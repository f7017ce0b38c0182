import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger, secret } from "@daybook/runtime";
import type { SmsCanary } from "@daybook/sms";
import { z } from "zod";
import { e164, numberLine, smsNumbers } from "../sms-numbers.ts";
import { keepsHours, smppAlphabet, smppHosts, smppReferenceBits, smsCountry } from "../sms-settings.ts";
import { smsWebhooks, type SmsWebhookSettings } from "../sms-webhook-settings.ts";
import { bytes, type COMMON, key, pem } from "./settings.ts";
import { cdrOf, smsCdr } from "../sms-cdr.ts";
import { overSmpp, relayProblem, waysProblem } from "../sms-ways.ts";
import { SMS_CANARY, smsCanaryOf, smsCanaryProblems } from "./sms-canary.ts";

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** What capture is told where it captures text messages: each is missing beside the connector's name, unless it says otherwise. */
export const SMS = {
  DAYBOOK_SMS_NUMBERS: z
    .string()
    .max(256 * 1024)
    .transform(lines)
    .transform((all) => all.map(numberLine))
    .pipe(smsNumbers)
    .optional()
    .describe(
      "official numbers: the number with its country and the custodian's name, one a line, then perhaps: from DAY until DAY",
    ),
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
  DAYBOOK_SMS_SMPP_REFERENCE_BITS: smppReferenceBits.describe(
    "8, or 16: of the number that joins the parts of a long text that is sent",
  ),
  DAYBOOK_SMS_SMPP_CDR: z
    .string()
    .max(16 * 1024)
    .transform(parsed)
    .pipe(smsCdr)
    .optional()
    .describe(
      "the directory of the aggregator's own records, that what came is compared with, and how they are written: JSON, as connectors/sms says",
    ),
  DAYBOOK_SMS_RELAY: z
    .string()
    .max(64 * 1024)
    .transform(lines)
    .pipe(z.array(e164))
    .default([])
    .describe(
      "official numbers that may send, over SMPP or by the provider that their messages come by, one a line",
    ),
  DAYBOOK_SMS_WEBHOOKS: secret()
    .optional()
    .describe("providers that push, in place of SMPP or beside it: JSON, as connectors/sms says"),
  DAYBOOK_SMS_COUNTRY: smsCountry
    .optional()
    .describe("where numbers are from that are written without their country: GB"),
  DAYBOOK_SMS_KEY: key("encrypts what the connector remembers").optional(),
  ...SMS_CANARY,
};

type Given = Config<typeof SMS>;

const NEEDED = ["DAYBOOK_SMS_NUMBERS", "DAYBOOK_SMS_COUNTRY", "DAYBOOK_SMS_KEY"] as const;
const SMPP = ["DAYBOOK_SMS_SMPP_HOSTS", "DAYBOOK_SMS_SMPP_SYSTEM_ID", "DAYBOOK_SMS_SMPP_PASSWORD"] as const;

export function smsProblems(
  config: Partial<Given & Config<typeof COMMON>> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("sms")) return [];
  const needed = hasSmpp(config) || !config.DAYBOOK_SMS_WEBHOOKS ? [...NEEDED, ...SMPP] : NEEDED;
  return [
    ...needed
      .filter((name) => config[name] === undefined)
      .map((name) => `${name}: is missing beside the connector sms`),
    ...relayProblems(config),
    ...webhookProblems(config),
    ...smsCanaryProblems(config),
    ...(config.DAYBOOK_SMS_SMPP_CDR && !hasSmpp(config)
      ? ["DAYBOOK_SMS_SMPP_CDR: stands without SMPP, whose messages are compared"]
      : []),
  ];
}

function relayProblems(config: Partial<Given>): string[] {
  const problem = relayProblem(config.DAYBOOK_SMS_RELAY ?? [], {
    ...{ numbers: config.DAYBOOK_SMS_NUMBERS ?? [], hasSmpp: hasSmpp(config) },
    sources: webhooksIn(config)?.data?.sources ?? [],
  });
  return problem === undefined ? [] : [`DAYBOOK_SMS_RELAY: ${problem}`];
}

function webhookProblems(config: Partial<Given & Config<typeof COMMON>>): string[] {
  const read = webhooksIn(config);
  if (!read) return [];
  const { data, error } = read;
  if (!data)
    return error.issues.map(
      ({ path }) => `DAYBOOK_SMS_WEBHOOKS: is wrong at: ${path.join(".") || "as a whole"}`,
    );
  const { sources } = data;
  const isUnproved =
    sources.some(({ provider }) => provider === "mutual-tls") && !config.DAYBOOK_TLS_CERTIFICATE;
  const ways = waysProblem({
    ...{ numbers: config.DAYBOOK_SMS_NUMBERS ?? [], hasSmpp: hasSmpp(config), sources },
  });
  return [
    ...(isUnproved ? ["DAYBOOK_TLS_CERTIFICATE: is missing beside a provider of mutual-tls"] : []),
    ...(ways === undefined ? [] : [`DAYBOOK_SMS_WEBHOOKS: ${ways}`]),
  ];
}

function webhooksIn({ DAYBOOK_SMS_WEBHOOKS: given }: Partial<Given>) {
  return given && smsWebhooks.safeParse(parsed(given.reveal()));
}

function hasSmpp(config: Partial<Given>): boolean {
  return SMPP.some((name) => config[name] !== undefined);
}

/** Text that is no JSON fits no schema. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The connectors, by settings that were judged before: over SMPP, by webhooks, or both. */
export async function smsOf(
  config: Given & Config<typeof COMMON> & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live[]> {
  const live: Live[] = [];
  const { DAYBOOK_SMS_NUMBERS: numbers = [] } = config;
  const settings = webhooksIn(config)?.data;
  const canary = await smsCanaryOf(config);
  const covers = overSmpp({ numbers, sources: settings?.sources ?? [] });
  if (hasSmpp(config)) live.push(await smppOf(config, { covers, canary }, log));
  if (settings) live.push(await webhooksOf(config, settings, canary, log));
  return live;
}

async function webhooksOf(
  config: Given & Config<typeof COMMON> & { readonly DAYBOOK_STATE_PATH: string },
  settings: SmsWebhookSettings,
  canary: SmsCanary | undefined,
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_SMS_NUMBERS: numbers,
    DAYBOOK_SMS_COUNTRY: country,
    DAYBOOK_SMS_KEY: stateKey,
    DAYBOOK_TLS_CERTIFICATE: certificate,
    DAYBOOK_TLS_KEY: tlsKey,
  } = config;
  if (!numbers || country === undefined || !stateKey)
    throw new TypeError("SMS is captured without its settings");
  const { smsWebhooksLive } = await import("../sms-webhooks.ts");
  return smsWebhooksLive({
    ...{ numbers, country, settings, canary, log },
    relay: config.DAYBOOK_SMS_RELAY,
    stateFile: join(config.DAYBOOK_STATE_PATH, "sms-webhooks.state"),
    key: bytes(stateKey),
    at: {
      host: config.DAYBOOK_HOST,
      tls: certificate !== undefined && tlsKey ? { certificate, key: tlsKey } : undefined,
    },
  });
}

async function smppOf(
  config: Given & { readonly DAYBOOK_STATE_PATH: string },
  of: { readonly covers: readonly string[]; readonly canary: SmsCanary | undefined },
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
      referenceBits: config.DAYBOOK_SMS_SMPP_REFERENCE_BITS,
      keepsMs: config.DAYBOOK_SMS_SMPP_KEEPS_HOURS * 3_600_000,
      ca: config.DAYBOOK_SMS_SMPP_CA,
    },
    stateFile: join(config.DAYBOOK_STATE_PATH, "sms.state"),
    key: bytes(stateKey),
    relay: config.DAYBOOK_SMS_RELAY.filter((number) => of.covers.includes(number)),
    cdr: config.DAYBOOK_SMS_SMPP_CDR && (await cdrOf(config.DAYBOOK_SMS_SMPP_CDR)),
    ...of,
    log,
  });
}
