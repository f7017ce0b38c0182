import type { Live } from "@daybook/capture";
import { accountOf, Imap, type ImapAccount, type ImapOptions } from "@daybook/email";
import type { Logger } from "@daybook/runtime";

/** Mailboxes that are read by IMAP, as capture runs them. */
export function imapLive({
  accounts,
  log,
  ...of
}: Pick<ImapOptions, "stateFile" | "key"> & {
  readonly accounts: readonly (Omit<ImapAccount, "custodian"> & { readonly custodian: string })[];
  readonly log: Logger;
}): Live {
  return {
    name: "imap",
    accounts: accounts.map((one) => ({
      custodian: one.custodian,
      network: "email",
      method: "export",
      identifier: accountOf(one),
    })),
    links: { network: "email", method: "export" },
    connect: (custodian) =>
      new Imap({
        ...of,
        log,
        accounts: accounts.map((one) => ({ ...one, custodian: custodian(one.custodian) })),
      }),
  };
}
