import { Resolver } from "node:dns/promises";
import type { Live } from "@daybook/capture";
import { type CopyOptions, Email, type EmailOptions } from "@daybook/email";
import type { Logger } from "@daybook/runtime";

const DNS_MS = 3_000;

/** Addresses of one mailbox, and whose it is. */
interface NamedMailbox {
  readonly addresses: readonly [string, ...string[]];
  readonly custodian: string;
}

/** An organisation's journal of mail, as capture runs it: mail servers come to a listener of its own. */
export function emailLive({
  mailboxes,
  copies,
  log,
  ...of
}: Omit<EmailOptions, "mailboxes" | "copies" | "log" | "resolve"> & {
  readonly mailboxes: readonly NamedMailbox[];
  readonly copies?:
    (Omit<CopyOptions, "mailboxes"> & { readonly mailboxes: readonly NamedMailbox[] }) | undefined;
  readonly log: Logger;
}): Live {
  const dns = new Resolver({ timeout: DNS_MS, tries: 2 });
  return {
    name: "email",
    accounts: [
      ...mailboxes.map((one) => accountOf(one, "journal")),
      ...(copies?.mailboxes ?? []).map((one) => accountOf(one, "copied")),
    ],
    links: { network: "email", method: "journal" },
    connect: (custodian) => {
      const known = (all: readonly NamedMailbox[]) =>
        all.map((one) => ({ ...one, custodian: custodian(one.custodian) }));
      return new Email({
        ...of,
        log,
        mailboxes: known(mailboxes),
        ...(copies && { copies: { ...copies, mailboxes: known(copies.mailboxes) } }),
        resolve: async (name, type) => (type === "TXT" ? dns.resolveTxt(name) : []),
      });
    },
  };
}

function accountOf({ custodian, addresses: [identifier] }: NamedMailbox, method: "journal" | "copied") {
  return { custodian, network: "email", method, identifier } as const;
}
