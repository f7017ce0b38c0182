import type { Submission } from "@daybook/email";
import { type Config, secret } from "@daybook/runtime";
import { z } from "zod";
import { submissionUrl } from "../email-settings.ts";
import { pem } from "./settings.ts";

/** What capture is told where it sends mail itself: receipts, and tests of the journal. */
export const EMAIL_SUBMISSION = {
  DAYBOOK_EMAIL_SUBMISSION_URL: submissionUrl
    .optional()
    .describe(
      "the server that receipts and tests are sent by: smtps://HOST:PORT, or smtp://HOST:PORT for STARTTLS",
    ),
  DAYBOOK_EMAIL_SUBMISSION_USER: z.string().min(1).max(255).optional().describe("its login"),
  DAYBOOK_EMAIL_SUBMISSION_PASSWORD: secret().optional().describe("the password of that"),
  DAYBOOK_EMAIL_SUBMISSION_CA: pem().optional().describe("certificates that vouch for it, PEM: the system's"),
};

/** By whom mail is sent. */
const SENDERS = [
  "DAYBOOK_EMAIL_RECEIPTS_FROM",
  "DAYBOOK_EMAIL_CANARY_MAILBOX",
  "DAYBOOK_EMAIL_COPY_CANARY_MAILBOX",
] as const;

/** What is missing where one of two settings stands without the other. */
export function pairProblems<Name extends string>(
  config: { readonly [name in Name]?: unknown },
  one: Name,
  other: Name,
): string[] {
  if ((config[one] === undefined) === (config[other] === undefined)) return [];
  const [given, missing] = config[one] === undefined ? [other, one] : [one, other];
  return [`${missing}: is missing beside ${given}`];
}

export function submissionProblems(
  config: Partial<Config<typeof EMAIL_SUBMISSION>> & {
    readonly DAYBOOK_EMAIL_RECEIPTS_FROM?: string | undefined;
    readonly DAYBOOK_EMAIL_CANARY_MAILBOX?: string | undefined;
    readonly DAYBOOK_EMAIL_COPY_CANARY_MAILBOX?: string | undefined;
  },
): string[] {
  const senders = SENDERS.filter((name) => config[name] !== undefined);
  const hasServer = config.DAYBOOK_EMAIL_SUBMISSION_URL !== undefined;
  return [
    ...(senders.length > 0 && !hasServer
      ? [`DAYBOOK_EMAIL_SUBMISSION_URL: is missing beside ${senders.join(" and ")}`]
      : []),
    ...(senders.length === 0 && hasServer
      ? [`DAYBOOK_EMAIL_SUBMISSION_URL: stands without any of ${SENDERS.join(", ")}`]
      : []),
    ...pairProblems(config, "DAYBOOK_EMAIL_SUBMISSION_USER", "DAYBOOK_EMAIL_SUBMISSION_PASSWORD"),
  ];
}

/** The server, by settings that were judged before; undefined where none is named. */
export function submissionOf(config: Config<typeof EMAIL_SUBMISSION>): Submission | undefined {
  const { DAYBOOK_EMAIL_SUBMISSION_URL: server, DAYBOOK_EMAIL_SUBMISSION_PASSWORD: password } = config;
  return (
    server && {
      ...server,
      user: config.DAYBOOK_EMAIL_SUBMISSION_USER,
      password: password && (() => password.reveal().trim()),
      ca: config.DAYBOOK_EMAIL_SUBMISSION_CA,
    }
  );
}
