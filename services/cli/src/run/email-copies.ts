import type { CopyOptions } from "@daybook/email";
import { type Config, secret } from "@daybook/runtime";
import { z } from "zod";
import {
  copyAddresses,
  lateAfterDays,
  mailAddress,
  mailboxLines,
  receiptsPerDay,
  submissionUrl,
} from "../email-settings.ts";
import { pem } from "./settings.ts";

/** What capture is told where officials copy private mail to an official address. */
export const EMAIL_COPIES = {
  DAYBOOK_EMAIL_COPY_ADDRESSES: copyAddresses
    .optional()
    .describe("official addresses that private mail is copied to, comma-separated: without +POST"),
  DAYBOOK_EMAIL_PRIVATE_MAILBOXES: mailboxLines
    .optional()
    .describe("private mailboxes as custodians registered them, in the same way as governed ones"),
  DAYBOOK_EMAIL_LATE_DAYS: lateAfterDays.describe("days after which a copy is shown to be late"),
  DAYBOOK_EMAIL_RECEIPTS_FROM: mailAddress
    .optional()
    .describe("the address that receipts for copies are from; without it none are sent"),
  DAYBOOK_EMAIL_RECEIPTS_PER_DAY: receiptsPerDay.describe("receipts that one address gets in a day"),
  DAYBOOK_EMAIL_SUBMISSION_URL: submissionUrl
    .optional()
    .describe("the server that receipts are sent by: smtps://HOST:PORT, or smtp://HOST:PORT for STARTTLS"),
  DAYBOOK_EMAIL_SUBMISSION_USER: z.string().min(1).max(255).optional().describe("its login"),
  DAYBOOK_EMAIL_SUBMISSION_PASSWORD: secret().optional().describe("the password of that"),
  DAYBOOK_EMAIL_SUBMISSION_CA: pem().optional().describe("certificates that vouch for it, PEM: the system's"),
};

type Given = Config<typeof EMAIL_COPIES>;

const PAIRS = [
  ["DAYBOOK_EMAIL_COPY_ADDRESSES", "DAYBOOK_EMAIL_PRIVATE_MAILBOXES"],
  ["DAYBOOK_EMAIL_RECEIPTS_FROM", "DAYBOOK_EMAIL_SUBMISSION_URL"],
  ["DAYBOOK_EMAIL_SUBMISSION_USER", "DAYBOOK_EMAIL_SUBMISSION_PASSWORD"],
] as const;

export function copyProblems(
  config: Partial<Given> & { readonly DAYBOOK_EMAIL_JOURNAL_ADDRESSES?: readonly string[] | undefined },
): string[] {
  const problems = PAIRS.flatMap(([one, other]) => {
    if ((config[one] === undefined) === (config[other] === undefined)) return [];
    const [given, missing] = config[one] === undefined ? [other, one] : [one, other];
    return [`${missing}: is missing beside ${given}`];
  });
  const copies = config.DAYBOOK_EMAIL_COPY_ADDRESSES;
  if (config.DAYBOOK_EMAIL_RECEIPTS_FROM !== undefined && !copies)
    problems.push("DAYBOOK_EMAIL_COPY_ADDRESSES: is missing beside DAYBOOK_EMAIL_RECEIPTS_FROM");
  if (copies?.some((address) => config.DAYBOOK_EMAIL_JOURNAL_ADDRESSES?.includes(address)))
    problems.push("DAYBOOK_EMAIL_COPY_ADDRESSES: names an address that journals are sent to");
  return problems;
}

/** How copies are taken, by settings that were judged before; undefined where none are. */
export function copiesOf(
  config: Given,
): (Omit<CopyOptions, "mailboxes"> & { readonly mailboxes: z.infer<typeof mailboxLines> }) | undefined {
  const {
    DAYBOOK_EMAIL_COPY_ADDRESSES: addresses,
    DAYBOOK_EMAIL_PRIVATE_MAILBOXES: mailboxes,
    DAYBOOK_EMAIL_RECEIPTS_FROM: from,
    DAYBOOK_EMAIL_SUBMISSION_URL: server,
    DAYBOOK_EMAIL_SUBMISSION_PASSWORD: password,
  } = config;
  if (!addresses || !mailboxes) return undefined;
  return {
    addresses,
    mailboxes,
    lateAfterDays: config.DAYBOOK_EMAIL_LATE_DAYS,
    ...(from !== undefined &&
      server && {
        receipts: {
          from,
          perDay: config.DAYBOOK_EMAIL_RECEIPTS_PER_DAY,
          submission: {
            ...server,
            user: config.DAYBOOK_EMAIL_SUBMISSION_USER,
            password: password && (() => password.reveal().trim()),
            ca: config.DAYBOOK_EMAIL_SUBMISSION_CA,
          },
        },
      }),
  };
}
