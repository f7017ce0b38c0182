import { Resolver } from "node:dns/promises";
import type { Live } from "@daybook/capture";
import { Email, type EmailOptions } from "@daybook/email";
import type { Logger } from "@daybook/runtime";

const DNS_MS = 3_000;

/** An organisation's journal of mail, as capture runs it: mail servers come to a listener of its own. */
export function emailLive({
  mailboxes,
  log,
  ...of
}: Omit<EmailOptions, "mailboxes" | "log" | "resolve"> & {
  readonly mailboxes: readonly {
    readonly addresses: readonly [string, ...string[]];
    readonly custodian: string;
  }[];
  readonly log: Logger;
}): Live {
  const dns = new Resolver({ timeout: DNS_MS, tries: 2 });
  return {
    name: "email",
    accounts: mailboxes.map(({ custodian, addresses: [identifier] }) => ({
      custodian,
      network: "email",
      method: "journal",
      identifier,
    })),
    links: { network: "email", method: "journal" },
    connect: (custodian) =>
      new Email({
        ...of,
        log,
        mailboxes: mailboxes.map((one) => ({ ...one, custodian: custodian(one.custodian) })),
        resolve: async (name, type) => (type === "TXT" ? dns.resolveTxt(name) : []),
      }),
  };
}
