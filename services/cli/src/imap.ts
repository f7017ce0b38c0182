import type { Live } from "@daybook/capture";
import {
  accountOf,
  type GoogleServiceAccount,
  googleTokens,
  Imap,
  type ImapAccount,
  type ImapOptions,
  type MicrosoftApplication,
  microsoftTokens,
  type SignIn,
} from "@daybook/email";
import type { Logger } from "@daybook/runtime";

/** Who gives tokens, where mailboxes are signed in to with those. */
export interface TokenGivers {
  /** An application of a tenant's directory, and where the tenant's mailboxes are. */
  readonly microsoft?:
    { readonly application: MicrosoftApplication; readonly outlookUrl: string } | undefined;
  readonly google?: GoogleServiceAccount | undefined;
}

interface NamedMailbox extends Pick<ImapAccount, "host" | "port" | "user" | "folders" | "ca"> {
  readonly signIn: keyof TokenGivers | (() => string);
  readonly custodian: string;
}

/** Mailboxes that are read by IMAP, as capture runs them. */
export function imapLive({
  mailboxes,
  microsoft,
  google,
  log,
  ...of
}: Pick<ImapOptions, "stateFile" | "key"> &
  TokenGivers & { readonly mailboxes: readonly NamedMailbox[]; readonly log: Logger }): Live {
  // An application's token opens all mailboxes that it may read, a service account's that of one user.
  const outlook = microsoft && microsoftTokens(microsoft.application, microsoft.outlookUrl);
  const signInOf = ({ signIn, user }: NamedMailbox): SignIn => {
    if (typeof signIn === "function") return { password: signIn };
    const tokens = signIn === "microsoft" ? outlook : google && googleTokens(google, user);
    if (!tokens) throw new TypeError("a mailbox is read without what tokens are had by");
    return { tokens };
  };
  const accounts = mailboxes.map((one) => ({ ...one, signIn: signInOf(one) }));
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
