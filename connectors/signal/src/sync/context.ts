import type { Log } from "@daybook/keeping";
import type { AuthenticatedChat } from "../libsignal.ts";
import type { LinkedAccount } from "../store/account.ts";
import type { AccountFile } from "../store/account-file.ts";
import type { Changes } from "../store/changes.ts";
import type { WebClient } from "../transport/download.ts";

/** What syncing needs of an account. Only `keep` is in turn with receiving: no server's slowness holds a message up. */
export interface SyncContext {
  readonly file: AccountFile;
  readonly web: WebClient;
  readonly log: Log;
  readonly now: () => Date;
  readonly account: () => LinkedAccount;
  /** @throws {SignalError} `unavailable` while there is no connection */
  readonly chat: () => AuthenticatedChat;
  /** Changes the account's file, in turn with all else. Durable once resolved. @returns from `work` the account, where it is another */
  readonly keep: (
    work: (changes: Changes, account: LinkedAccount) => LinkedAccount | undefined,
  ) => Promise<void>;
  /** Asks the phone for its keys again. */
  readonly requestKeys: () => Promise<void>;
}
