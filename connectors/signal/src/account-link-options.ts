import type { Log } from "@daybook/keeping";
import type { LinkHealth } from "./health.ts";
import type { zkgroup } from "./libsignal.ts";
import type { PumpOptions } from "./pump.ts";
import type { AccountFile } from "./store/account-file.ts";
import type { SyncPace } from "./sync/sync.ts";
import type { WebClient } from "./transport/download.ts";
import type { Network } from "./transport/network.ts";

/** What one account's link is made of. */
export interface AccountLinkOptions extends Pick<PumpOptions, "attachmentPatienceMs" | "lateWaits"> {
  readonly file: AccountFile;
  readonly network: Network;
  readonly web: WebClient;
  readonly trustRoots: readonly string[];
  /** Groups are checked against it. */
  readonly server: zkgroup.ServerPublicParams;
  readonly log: Log;
  readonly now: () => Date;
  readonly syncPace?: SyncPace;
  readonly onHealth?: (health: LinkHealth) => void;
}
