import type { MailCanarySettings, Submission } from "@daybook/email";
import type { Config } from "@daybook/runtime";
import {
  CANARY_WITHIN,
  canaryMinutes,
  canaryWithinMinutes,
  copyCanaryHours,
  copyCanaryWithinMinutes,
  HOUR_MS,
  mailAddress,
  mailCanaryOf,
  MINUTE_MS,
} from "../email-settings.ts";

/** What capture is told where messages that must arrive test the journal, and the way of copies. */
export const EMAIL_CANARY = {
  DAYBOOK_EMAIL_CANARY_MAILBOX: mailAddress
    .optional()
    .describe("the governed mailbox that tests of the journal are sent from, to itself; without it none are"),
  DAYBOOK_EMAIL_CANARY_MINUTES: canaryMinutes.describe("minutes between two tests"),
  DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES: canaryWithinMinutes.describe("minutes within that each has to arrive"),
  DAYBOOK_EMAIL_COPY_CANARY_MAILBOX: mailAddress
    .optional()
    .describe("the registered mailbox that tests of copying are sent from; without it none are"),
  DAYBOOK_EMAIL_COPY_CANARY_HOURS: copyCanaryHours.describe("hours between two tests of copying"),
  DAYBOOK_EMAIL_COPY_CANARY_WITHIN_MINUTES: copyCanaryWithinMinutes.describe(
    "minutes within that each has to",
  ),
};

type Given = Config<typeof EMAIL_CANARY>;

export function canaryProblems(
  config: Partial<Given> & {
    readonly DAYBOOK_EMAIL_MAILBOXES?: Mailboxes | undefined;
    readonly DAYBOOK_EMAIL_PRIVATE_MAILBOXES?: Mailboxes | undefined;
  },
): string[] {
  const { DAYBOOK_EMAIL_COPY_CANARY_MAILBOX: copies, DAYBOOK_EMAIL_PRIVATE_MAILBOXES: registered } = config;
  return [
    ...journalCanaryProblems(config),
    ...(copies === undefined || hasAddress(registered, copies)
      ? []
      : ["DAYBOOK_EMAIL_COPY_CANARY_MAILBOX: is none of DAYBOOK_EMAIL_PRIVATE_MAILBOXES"]),
  ];
}

type Mailboxes = readonly { readonly addresses: readonly string[] }[];

function hasAddress(mailboxes: Mailboxes = [], address: string): boolean {
  return mailboxes.some(({ addresses }) => addresses.includes(address));
}

function journalCanaryProblems(
  config: Partial<Given> & { readonly DAYBOOK_EMAIL_MAILBOXES?: Mailboxes | undefined },
): string[] {
  const { DAYBOOK_EMAIL_CANARY_MAILBOX: mailbox, DAYBOOK_EMAIL_MAILBOXES: governed } = config;
  const { DAYBOOK_EMAIL_CANARY_MINUTES: every = 0, DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES: within = 0 } = config;
  if (mailbox === undefined) return [];
  return [
    ...(hasAddress(governed, mailbox)
      ? []
      : ["DAYBOOK_EMAIL_CANARY_MAILBOX: is none of DAYBOOK_EMAIL_MAILBOXES"]),
    ...(within < every ? [] : [`DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES: ${CANARY_WITHIN}`]),
  ];
}

/** By settings that were judged before; undefined where nothing tests the journal. */
export function canaryOf(config: Given, submission: Submission | undefined): MailCanarySettings | undefined {
  return mailCanaryOf({
    mailbox: config.DAYBOOK_EMAIL_CANARY_MAILBOX,
    submission,
    everyMs: config.DAYBOOK_EMAIL_CANARY_MINUTES * MINUTE_MS,
    withinMinutes: config.DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES,
  });
}

/** The same of copies. */
export function copyCanaryOf(
  config: Given,
  submission: Submission | undefined,
): MailCanarySettings | undefined {
  return mailCanaryOf({
    mailbox: config.DAYBOOK_EMAIL_COPY_CANARY_MAILBOX,
    submission,
    everyMs: config.DAYBOOK_EMAIL_COPY_CANARY_HOURS * HOUR_MS,
    withinMinutes: config.DAYBOOK_EMAIL_COPY_CANARY_WITHIN_MINUTES,
  });
}
