import type { Live } from "@daybook/capture";
import type { Logger } from "@daybook/runtime";
import { Signal, type SignalServers } from "@daybook/signal";
import { VERSION } from "./version.ts";

/** Signal, as capture runs it. Its accounts come by links. Loads Signal's library, which only who captures Signal needs. */
export function signalLive(of: {
  /** Where the accounts' files are: on this process's own lasting disk. */
  readonly dir: string;
  /** 32 bytes: encrypts them. */
  readonly key: Uint8Array;
  readonly servers: SignalServers;
  readonly log: Logger;
}): Live {
  return {
    name: "signal",
    accounts: [],
    links: { network: "signal", method: "linked-device" },
    connect: () => new Signal({ ...of, deviceName: "Daybook", userAgent: `Daybook/${VERSION}` }),
  };
}
