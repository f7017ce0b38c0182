import type { Party } from "@daybook/contract";
import type { Log, Waits } from "@daybook/keeping";
import type { Tokens } from "../oauth/tokens.ts";

/** By what a server lets in: a password, asked for at each connection, or a token by XOAUTH2 or OAUTHBEARER. */
export type SignIn = { readonly password: () => string } | { readonly tokens: Tokens };

/** A mailbox that its owner reads by IMAP, and whose messages are kept. */
export interface ImapAccount {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly signIn: SignIn;
  /** PEM: who vouches for the server, where the system's authorities do not. */
  readonly ca?: string | undefined;
  /** Folders by their names; empty for all but drafts and junk. */
  readonly folders: readonly string[];
  readonly custodian: Party;
}

export interface ImapOptions {
  readonly accounts: readonly ImapAccount[];
  readonly stateFile: string;
  /** 32 bytes: encrypts what is remembered. */
  readonly key: Uint8Array;
  readonly maxBytes?: number;
  /** Between two visits of all folders, where nothing is heard before. Milliseconds. */
  readonly everyMs?: number;
  /** Within what the server has to answer. Milliseconds. */
  readonly answerMs?: number;
  readonly waits?: Waits;
  readonly beatMs?: number;
  readonly log: Log;
  readonly now?: () => Date;
}

/** How events name it: the address where one signs in with it. */
export function accountOf({ user, host }: Pick<ImapAccount, "user" | "host">): string {
  return (user.includes("@") ? user : `${user}@${host}`).toLowerCase();
}
