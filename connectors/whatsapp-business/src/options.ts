import type { Party } from "@daybook/contract";
import type { Log, Waits } from "@daybook/keeping";

/** How this connector names itself in records. */
export const CONNECTOR = { name: "whatsapp-business", version: "1" } as const;

/** An official number. */
export interface BusinessNumber {
  /** Meta's id of the number: its events name their account so. */
  readonly phoneNumberId: string;
  readonly custodian: Party;
}

/** A template that Meta approved, whose body has one variable: the text that is sent. */
export interface ApprovedTemplate {
  readonly name: string;
  /** As Meta writes it: `en_GB`. */
  readonly language: string;
}

export interface WhatsAppBusinessOptions {
  readonly numbers: readonly BusinessNumber[];
  /** What Meta signs webhooks with: two while one is being replaced. */
  readonly appSecrets: () => readonly string[];
  /** What Meta shows when the webhook is set up. */
  readonly verifyToken: () => string;
  /** Of a system user, for media and sending. */
  readonly accessToken: () => string;
  /** `https://graph.facebook.com/v25.0`. */
  readonly graphUrl: string;
  /** Where media may be besides there: a host, or `.name` for every host that ends so. Meta's own, unless given. */
  readonly mediaHosts?: readonly string[];
  /** The file of what it remembers, on capture's own durable disk. Only ciphertext is written there. */
  readonly stateFile: string;
  /** 32 bytes: encrypts it. */
  readonly key: Uint8Array;
  /** Sent where nothing else may be; nothing is then, unless given. */
  readonly template?: ApprovedTemplate | undefined;
  readonly log: Log;
  readonly now?: () => Date;
  readonly mediaWaits?: Waits;
  /** Between two marks of coverage. A minute unless given. */
  readonly beatMs?: number;
  /** A number that usually hears and has not for so long is to be looked after. 3 days unless given. */
  readonly quietMs?: number;
  /** Between two questions to Meta of how the numbers stand. An hour unless given. */
  readonly askEveryMs?: number;
}
