import type { Party } from "@daybook/contract";
import type { Log, Waits } from "@daybook/keeping";
import type { SmsCanary } from "./canary/send.ts";
import type { CdrSettings } from "./cdr/options.ts";
import type { CountryCode } from "libphonenumber-js";
import type { DefaultAlphabet } from "./reading/alphabet.ts";

/** How this connector names itself in records. */
export const CONNECTOR = { name: "sms", version: "1" } as const;

/** An official number, and whose it is, in a period: one that has had two holders stands there twice. */
export interface OfficialNumber {
  /** E.164, with its plus: events name the account so. */
  readonly number: string;
  readonly custodian: Party;
  /** Inclusive; since ever unless given. */
  readonly from?: Date | undefined;
  /** Exclusive; without an end unless given. From then on it is nobody's, or the next's. */
  readonly until?: Date | undefined;
}

/** One of the aggregator's hosts. */
export interface SmppHost {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain TCP: only where nobody can listen in between. */
  readonly tls?: { readonly ca?: string | undefined } | undefined;
}

/** What the aggregator gave: one account, bound to each of its hosts. */
export interface SmppAccount {
  readonly hosts: readonly SmppHost[];
  readonly systemId: string;
  readonly password: () => string;
  readonly systemType: string;
  /** What data coding 0 means there. */
  readonly alphabet: DefaultAlphabet;
  /** Of the number that joins the parts of what is sent. 8 unless given. */
  readonly referenceBits?: 8 | 16 | undefined;
  /** Where a number is from that is written without its country. */
  readonly country: CountryCode;
  /** How long the aggregator keeps what it could not deliver, milliseconds: what came before is lost after a longer outage. */
  readonly keepsMs: number;
}

export interface SmsOptions {
  readonly numbers: readonly OfficialNumber[];
  readonly smpp: SmppAccount;
  /** Those of them whose messages come over SMPP: all unless given. */
  readonly covers?: readonly string[] | undefined;
  /** Those that may send, as `numbers` has them: none unless given. */
  readonly relay?: readonly string[] | undefined;
  /** The aggregator's own records, that what passed is compared with: none unless given. */
  readonly cdr?: CdrSettings | undefined;
  /** Tests the numbers from outside: none unless given. */
  readonly canary?: SmsCanary | undefined;
  /** The file of what it remembers, on capture's own durable disk. Only ciphertext is written there. */
  readonly stateFile: string;
  /** 32 bytes: encrypts it. */
  readonly key: Uint8Array;
  readonly log: Log;
  readonly now?: () => Date;
  /** Between attempts to bind. */
  readonly bindWaits?: Waits;
  /** Between two marks of coverage. A minute unless given. */
  readonly beatMs?: number;
  /** Between two enquire_links. 30 s unless given. */
  readonly enquireMs?: number;
  /** For the other side's answer, to whatever we send. 10 s unless given. */
  readonly answerMs?: number;
  /** After a message's answer was sent, until the other side is asked whether it has it. A second unless given. */
  readonly settleMs?: number;
  /** A message of which parts are missing is recorded as it stands after so long. 24 hours unless given. */
  readonly incompleteMs?: number;
  /**
   * After a session is bound again, an equal PDU is taken for a redelivery of one whose answer may not have arrived for so
   * long. 10 minutes unless given.
   */
  readonly redeliveryMs?: number;
}
