import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger, secret } from "@daybook/runtime";
import { z } from "zod";
import { googleServiceAccount, imapUrl, MAX_IMAP_MAILBOXES, outlookUrl } from "../imap-settings.ts";
import {
  microsoftClientId,
  type MicrosoftGiven,
  microsoftLoginUrl,
  microsoftOf,
  microsoftProblems,
  microsoftTenant,
} from "../microsoft-settings.ts";
import { microsoftNames } from "./microsoft-names.ts";
import { bytes, key, pem } from "./settings.ts";

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** A line with the mailbox's URL, and its custodian's name. */
const mailbox = z
  .string()
  .transform((line) => {
    const [url = ""] = line.split(/\s/, 1);
    return { url, custodian: line.slice(url.length).trim() };
  })
  .pipe(z.object({ url: imapUrl, custodian: z.string().min(1, "each line must end in a custodian's name") }))
  .transform(({ url, custodian }) => ({ ...url, custodian }));

/** What capture is told where it reads mailboxes by IMAP: each is missing beside the connector's name, unless it says otherwise. */
export const IMAP = {
  DAYBOOK_IMAP_MAILBOXES: z
    .string()
    .max(1024 * 1024)
    .transform(lines)
    .pipe(z.array(mailbox).min(1).max(MAX_IMAP_MAILBOXES))
    .optional()
    .describe(
      "mailboxes: imaps://USER@HOST[:PORT][/FOLDER,...][?auth=microsoft|google] and the custodian's name, one a line",
    ),
  DAYBOOK_IMAP_PASSWORDS: secret()
    .optional()
    .describe(
      "passwords of those without ?auth=, one a line, in the order of the mailboxes; usually DAYBOOK_IMAP_PASSWORDS_FILE",
    ),
  DAYBOOK_IMAP_MICROSOFT_TENANT: microsoftTenant
    .optional()
    .describe("the tenant of mailboxes with ?auth=microsoft: its id, or a domain"),
  DAYBOOK_IMAP_MICROSOFT_CLIENT_ID: microsoftClientId
    .optional()
    .describe("the application in its directory that may open them"),
  DAYBOOK_IMAP_MICROSOFT_CLIENT_SECRET: secret().optional().describe("a client secret of that"),
  DAYBOOK_IMAP_MICROSOFT_CERTIFICATE: pem().optional().describe("in its place: a certificate of that, PEM"),
  DAYBOOK_IMAP_MICROSOFT_CERTIFICATE_KEY: secret().optional().describe("its RSA key, PEM"),
  DAYBOOK_IMAP_MICROSOFT_LOGIN_URL: microsoftLoginUrl.describe("where Microsoft gives tokens"),
  DAYBOOK_IMAP_MICROSOFT_OUTLOOK_URL: outlookUrl.describe("Exchange Online, whose tokens are asked for"),
  DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: secret()
    .optional()
    .describe("key file of the service account for mailboxes with ?auth=google, JSON as Google gives it"),
  DAYBOOK_IMAP_CA: pem().optional().describe("certificates that vouch for their servers, PEM: the system's"),
  DAYBOOK_IMAP_KEY: key("encrypts what the connector remembers").optional(),
};

type Given = Config<typeof IMAP>;

const NEEDED = ["DAYBOOK_IMAP_MAILBOXES", "DAYBOOK_IMAP_KEY"] as const;

export function imapProblems(
  config: Partial<Given> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("imap")) return [];
  const problems = NEEDED.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside the connector imap`,
  );
  const { DAYBOOK_IMAP_MAILBOXES: mailboxes = [], DAYBOOK_IMAP_PASSWORDS: passwords } = config;
  const withPassword = mailboxes.filter(({ tokens }) => tokens === undefined).length;
  const given = lines(passwords?.reveal() ?? "").length;
  if (config.DAYBOOK_IMAP_MAILBOXES && given !== withPassword)
    problems.push("DAYBOOK_IMAP_PASSWORDS: must have a line for each mailbox without ?auth=");
  const asked = new Set(mailboxes.map(({ tokens }) => tokens));
  if (asked.has("microsoft") && config.DAYBOOK_IMAP_MICROSOFT_TENANT === undefined)
    problems.push("DAYBOOK_IMAP_MICROSOFT_TENANT: is missing beside ?auth=microsoft");
  else problems.push(...microsoftNames("DAYBOOK_IMAP_MICROSOFT", microsoftProblems(microsoftGiven(config))));
  const google = config.DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT;
  if (asked.has("google") && !google)
    problems.push("DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: is missing beside ?auth=google");
  if (google && !googleOf(google.reveal()))
    problems.push("DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: is no key file of a service account");
  return problems;
}

function microsoftGiven(config: Partial<Given>): MicrosoftGiven {
  const {
    DAYBOOK_IMAP_MICROSOFT_CLIENT_SECRET: clientSecret,
    DAYBOOK_IMAP_MICROSOFT_CERTIFICATE_KEY: certificateKey,
  } = config;
  return {
    tenant: config.DAYBOOK_IMAP_MICROSOFT_TENANT,
    clientId: config.DAYBOOK_IMAP_MICROSOFT_CLIENT_ID,
    clientSecret: clientSecret && (() => clientSecret.reveal().trim()),
    certificate: config.DAYBOOK_IMAP_MICROSOFT_CERTIFICATE,
    certificateKey: certificateKey && (() => certificateKey.reveal()),
    loginUrl: config.DAYBOOK_IMAP_MICROSOFT_LOGIN_URL ?? "",
  };
}

/** Undefined for what is no key file. */
function googleOf(text: string) {
  try {
    return googleServiceAccount.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The connector, by settings that were judged before. */
export async function imapOf(
  config: Given & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_IMAP_MAILBOXES: mailboxes,
    DAYBOOK_IMAP_PASSWORDS: passwords,
    DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: google,
    DAYBOOK_IMAP_KEY: stateKey,
  } = config;
  if (!mailboxes || !stateKey) throw new TypeError("mailboxes are read without their settings");
  const { imapLive } = await import("../imap.ts");
  const application = microsoftOf(microsoftGiven(config));
  const withPassword = mailboxes.filter(({ tokens }) => tokens === undefined);
  const passwordOf = (one: (typeof mailboxes)[number]) =>
    lines(passwords?.reveal() ?? "")[withPassword.indexOf(one)] ?? "";
  return imapLive({
    mailboxes: mailboxes.map((one) => {
      const { tokens, ...at } = one;
      return { ...at, signIn: tokens ?? (() => passwordOf(one)), ca: config.DAYBOOK_IMAP_CA };
    }),
    microsoft: application && { application, outlookUrl: config.DAYBOOK_IMAP_MICROSOFT_OUTLOOK_URL },
    google: google && googleOf(google.reveal()),
    stateFile: join(config.DAYBOOK_STATE_PATH, "imap.state"),
    key: bytes(stateKey),
    log,
  });
}
