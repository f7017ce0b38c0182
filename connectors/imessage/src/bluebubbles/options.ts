import type { Party } from "@daybook/contract";
import type { Log, Waits } from "@daybook/keeping";

/** How this way in names itself in records. */
export const CONNECTOR = { name: "bluebubbles", version: "1" } as const;

/** A test message that is sent so often, to a conversation of the account with itself. */
export interface CanaryOf {
  /** As the database names it: `iMessage;-;olivia@minister.example`. */
  readonly conversation: string;
  readonly everyMs: number;
  readonly withinMs: number;
}

export interface BlueBubblesOptions {
  /** Of the server: `https://HOST[:PORT]`; `http://` to this machine alone. */
  readonly url: string;
  /** It travels in the address of each request: BlueBubbles takes it nowhere else. */
  readonly password: () => string;
  /** The Apple account that is signed in on that Mac: events name their account so. */
  readonly account: string;
  readonly custodian: Party;
  /** The file of what it remembers, on capture's own durable disk. Only ciphertext is written there. */
  readonly stateFile: string;
  /** 32 bytes: encrypts it. */
  readonly key: Uint8Array;
  /** The last part of the address that BlueBubbles posts to, by which it asks for a poll at once. None, unless given. */
  readonly webhookSecret?: (() => string) | undefined;
  /** Messages may be sent from this account. */
  readonly mayRelay?: boolean | undefined;
  readonly canary?: CanaryOf | undefined;
  readonly log: Log;
  readonly now?: () => Date;
  /** Between two polls. 5 s unless given. */
  readonly pollMs?: number;
  /** Between two looks at all that changed within days, and at whether the database is the same. An hour unless given. */
  readonly lookBackEveryMs?: number;
  /** A row without a conversation is waited for so long. 2 minutes unless given. */
  readonly settleMs?: number;
  /** A message that BlueBubbles says it sent has to appear as sent within so long. A minute unless given. */
  readonly confirmMs?: number;
  /** Between attempts after a failure. */
  readonly waits?: Waits;
  /** Between attempts at an attachment, and how long it is asked for. A day unless given. */
  readonly attachmentWaits?: Waits;
  readonly attachmentMs?: number;
  /** Rows asked for at once, from 1 to 1,000. */
  readonly pageRows?: number;
}
