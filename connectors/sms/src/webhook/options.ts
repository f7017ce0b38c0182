import type { Log, Waits } from "@daybook/keeping";
import type { CountryCode } from "libphonenumber-js";
import type { SmsCanary } from "../canary/send.ts";
import type { OfficialNumber } from "../options.ts";
import type { WebhookSource } from "./source.ts";

export interface SmsWebhooksOptions {
  readonly numbers: readonly OfficialNumber[];
  /** Where a number is from that is written without its country. */
  readonly country: CountryCode;
  /** Each with a name and a path of its own. */
  readonly sources: readonly WebhookSource[];
  /** Those that may send, as `numbers` has them, each by the one source that it comes by: none unless given. */
  readonly relay?: readonly string[] | undefined;
  /** Tests the numbers from outside: none unless given. */
  readonly canary?: SmsCanary | undefined;
  /** How long the providers deliver again what was not answered, milliseconds: what came before is lost after a longer outage. */
  readonly keepsMs: number;
  /** The file of what it remembers, on capture's own durable disk. Only ciphertext is written there. */
  readonly stateFile: string;
  /** 32 bytes: encrypts it. */
  readonly key: Uint8Array;
  readonly log: Log;
  readonly now?: () => Date;
  /** Between two marks of coverage. A minute unless given. */
  readonly beatMs?: number;
  /** Between two comparisons with a provider's list. 10 minutes unless given, of Vonage what its reports say. */
  readonly reconcileMs?: number;
  /** A message is compared once it is so old, for its webhook may be on the way. 2 minutes unless given. */
  readonly graceMs?: number;
  /** Between attempts at a medium. */
  readonly mediaWaits?: Waits;
}
