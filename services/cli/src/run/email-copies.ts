import type { CopyOptions, MailCanarySettings, Submission } from "@daybook/email";
import type { Config } from "@daybook/runtime";
import type { z } from "zod";
import {
  copyAddresses,
  lateAfterDays,
  mailAddress,
  mailboxLines,
  receiptsPerDay,
} from "../email-settings.ts";
import { pairProblems } from "./email-submission.ts";

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
};

type Given = Config<typeof EMAIL_COPIES>;

export function copyProblems(
  config: Partial<Given> & { readonly DAYBOOK_EMAIL_JOURNAL_ADDRESSES?: readonly string[] | undefined },
): string[] {
  const problems = pairProblems(config, "DAYBOOK_EMAIL_COPY_ADDRESSES", "DAYBOOK_EMAIL_PRIVATE_MAILBOXES");
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
  submission: Submission | undefined,
  canary: MailCanarySettings | undefined,
): (Omit<CopyOptions, "mailboxes"> & { readonly mailboxes: z.infer<typeof mailboxLines> }) | undefined {
  const {
    DAYBOOK_EMAIL_COPY_ADDRESSES: addresses,
    DAYBOOK_EMAIL_PRIVATE_MAILBOXES: mailboxes,
    DAYBOOK_EMAIL_RECEIPTS_FROM: from,
  } = config;
  if (!addresses || !mailboxes) return undefined;
  return {
    addresses,
    mailboxes,
    lateAfterDays: config.DAYBOOK_EMAIL_LATE_DAYS,
    canary,
    ...(from !== undefined &&
      submission && { receipts: { from, perDay: config.DAYBOOK_EMAIL_RECEIPTS_PER_DAY, submission } }),
  };
}
