import type { JournalCanarySettings, Submission } from "@daybook/email";
import type { Config } from "@daybook/runtime";
import { CANARY_WITHIN, canaryMinutes, canaryWithinMinutes, mailAddress } from "../email-settings.ts";

/** What capture is told where messages that must arrive test the journal. */
export const EMAIL_CANARY = {
  DAYBOOK_EMAIL_CANARY_MAILBOX: mailAddress
    .optional()
    .describe("the governed mailbox that tests of the journal are sent from, to itself; without it none are"),
  DAYBOOK_EMAIL_CANARY_MINUTES: canaryMinutes.describe("minutes between two tests"),
  DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES: canaryWithinMinutes.describe("minutes within that each has to arrive"),
};

type Given = Config<typeof EMAIL_CANARY>;

export function canaryProblems(
  config: Partial<Given> & {
    readonly DAYBOOK_EMAIL_MAILBOXES?: readonly { readonly addresses: readonly string[] }[] | undefined;
  },
): string[] {
  const { DAYBOOK_EMAIL_CANARY_MAILBOX: mailbox, DAYBOOK_EMAIL_MAILBOXES: governed = [] } = config;
  const { DAYBOOK_EMAIL_CANARY_MINUTES: every = 0, DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES: within = 0 } = config;
  if (mailbox === undefined) return [];
  return [
    ...(governed.some(({ addresses }) => addresses.includes(mailbox))
      ? []
      : ["DAYBOOK_EMAIL_CANARY_MAILBOX: is none of DAYBOOK_EMAIL_MAILBOXES"]),
    ...(within < every ? [] : [`DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES: ${CANARY_WITHIN}`]),
  ];
}

/** By settings that were judged before; undefined where nothing tests the journal. */
export function canaryOf(
  config: Given,
  submission: Submission | undefined,
): JournalCanarySettings | undefined {
  const { DAYBOOK_EMAIL_CANARY_MAILBOX: address } = config;
  if (address === undefined || !submission) return undefined;
  return {
    address,
    submission,
    everyMs: config.DAYBOOK_EMAIL_CANARY_MINUTES * 60_000,
    withinMs: config.DAYBOOK_EMAIL_CANARY_WITHIN_MINUTES * 60_000,
  };
}
