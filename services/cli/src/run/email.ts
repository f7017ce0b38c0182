import { join } from "node:path";
import type { Live } from "@daybook/capture";
import { type Config, type Logger } from "@daybook/runtime";
import { z } from "zod";
import {
  mailAddress,
  mailboxLines,
  mailSource,
  MAX_JOURNAL_ADDRESSES,
  MAX_SOURCES,
  words,
} from "../email-settings.ts";
import { canaryOf, canaryProblems, copyCanaryOf, EMAIL_CANARY } from "./email-canary.ts";
import { copiesOf, copyProblems, EMAIL_COPIES } from "./email-copies.ts";
import { EMAIL_SUBMISSION, submissionOf, submissionProblems } from "./email-submission.ts";
import { EMAIL_TRACE, traceOf, traceProblems } from "./email-trace.ts";
import { bytes, type COMMON, key, pem } from "./settings.ts";

/** What capture is told where it takes journals of mail: each is missing beside the connector's name, unless it says otherwise. */
export const EMAIL = {
  DAYBOOK_EMAIL_MAILBOXES: mailboxLines
    .optional()
    .describe("governed mailboxes: ADDRESS[,ADDRESS...] and the custodian's name, one a line"),
  DAYBOOK_EMAIL_JOURNAL_ADDRESSES: z
    .string()
    .transform(words)
    .pipe(z.array(mailAddress).min(1).max(MAX_JOURNAL_ADDRESSES))
    .optional()
    .describe("addresses that journals are sent to, comma-separated: with a part that nobody guesses"),
  DAYBOOK_EMAIL_SOURCES: z
    .string()
    .transform(words)
    .pipe(z.array(mailSource).max(MAX_SOURCES))
    .optional()
    .describe("IP addresses and networks of the mail servers that send journals, comma-separated"),
  DAYBOOK_EMAIL_CLIENT_NAMES: z
    .string()
    .transform(words)
    .pipe(z.array(z.string().max(255)).max(100))
    .optional()
    .describe(
      "names in the certificates of mail servers that send journals; beside the sources, or in their place",
    ),
  DAYBOOK_EMAIL_CLIENT_CA: pem().optional().describe("the authority that signs those certificates, PEM"),
  DAYBOOK_EMAIL_KEY: key("encrypts what the connector remembers").optional(),
  DAYBOOK_EMAIL_PORT: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(65_535)
    .default(2525)
    .describe("port that journals and copies come to, by SMTP with STARTTLS"),
  ...EMAIL_COPIES,
  ...EMAIL_CANARY,
  ...EMAIL_SUBMISSION,
  ...EMAIL_TRACE,
};

type Given = Config<typeof EMAIL>;

const NEEDED = ["DAYBOOK_EMAIL_MAILBOXES", "DAYBOOK_EMAIL_JOURNAL_ADDRESSES", "DAYBOOK_EMAIL_KEY"] as const;

export function emailProblems(
  config: Partial<Given & Config<typeof COMMON>> & { readonly DAYBOOK_CONNECTORS?: readonly string[] },
): string[] {
  if (!config.DAYBOOK_CONNECTORS?.includes("email")) return [];
  const problems = NEEDED.filter((name) => config[name] === undefined).map(
    (name) => `${name}: is missing beside the connector email`,
  );
  const { DAYBOOK_EMAIL_CLIENT_NAMES: names = [], DAYBOOK_EMAIL_SOURCES: sources = [] } = config;
  if (names.length + sources.length === 0)
    problems.push("DAYBOOK_EMAIL_SOURCES: is missing, and DAYBOOK_EMAIL_CLIENT_NAMES too");
  if (names.length > 0 !== (config.DAYBOOK_EMAIL_CLIENT_CA !== undefined))
    problems.push("DAYBOOK_EMAIL_CLIENT_CA: belongs with DAYBOOK_EMAIL_CLIENT_NAMES");
  if (config.DAYBOOK_TLS_CERTIFICATE === undefined)
    problems.push("DAYBOOK_TLS_CERTIFICATE: is missing beside the connector email: journals come encrypted");
  return [
    ...problems,
    ...copyProblems(config),
    ...canaryProblems(config),
    ...submissionProblems(config),
    ...traceProblems(config),
  ];
}

/** The connector, by settings that were judged before. */
export async function emailOf(
  config: Given & Config<typeof COMMON> & { readonly DAYBOOK_STATE_PATH: string },
  log: Logger,
): Promise<Live> {
  const {
    DAYBOOK_EMAIL_MAILBOXES: mailboxes,
    DAYBOOK_EMAIL_JOURNAL_ADDRESSES: journalAddresses,
    DAYBOOK_EMAIL_KEY: stateKey,
    DAYBOOK_TLS_CERTIFICATE: certificate,
    DAYBOOK_TLS_KEY: tlsKey,
  } = config;
  if (!mailboxes || !journalAddresses || !stateKey || certificate === undefined || !tlsKey)
    throw new TypeError("mail is captured without its settings");
  const { emailLive } = await import("../email.ts");
  const submission = submissionOf(config);
  return emailLive({
    mailboxes,
    journalAddresses,
    copies: copiesOf(config, submission, copyCanaryOf(config, submission)),
    canary: canaryOf(config, submission),
    trace: traceOf(config),
    sources: {
      addresses: config.DAYBOOK_EMAIL_SOURCES ?? [],
      names: config.DAYBOOK_EMAIL_CLIENT_NAMES ?? [],
    },
    at: { host: config.DAYBOOK_HOST, port: config.DAYBOOK_EMAIL_PORT },
    tls: { certificate, key: tlsKey.reveal(), clientAuthority: config.DAYBOOK_EMAIL_CLIENT_CA },
    stateFile: join(config.DAYBOOK_STATE_PATH, "email.state"),
    key: bytes(stateKey),
    log,
  });
}
