import type { Party } from "./event.ts";

/** What happens while an official links their phone. */
export type LinkStep =
  /** Show this as a QR code, in place of the one before. */
  | { readonly step: "show"; readonly url: string; readonly expiresAt: Date }
  /** The phone agreed: keys are made and sent. */
  | { readonly step: "linking" }
  /** Done, and captured from now on. `again`: the account was linked before, and its history goes on. */
  | { readonly step: "linked"; readonly account: string; readonly again: boolean };

/** How an account's link stands, without anything of its messages. */
export interface LinkHealth {
  /** As its events name it. */
  readonly account: string;
  readonly custodian: Party;
  /** The connector's own word: `live`, or what stands in the way. */
  readonly status: string;
  /**
   * When this link was made, and until when the one before it is known to have been up, where there was one. Absent where no
   * device is linked: then nobody is asked about a change of it.
   */
  readonly link?: { readonly since: Date; readonly heardUntil?: Date };
  /** For an operator, in words: what to do. */
  readonly problem?: string;
  /** What the network warns of, and what is to be seen to before it is too late: words that are not of any account. */
  readonly alerts: readonly string[];
  /** Since when nothing comes through; absent while something does. */
  readonly downSince?: Date;
  /** Messages that came and could not be decrypted, and are kept. */
  readonly quarantined?: number;
  /** Messages of the last 30 days that the network stopped on their way, and that nothing told of here. */
  readonly stopped?: { readonly failed: number; readonly quarantined: number };
  /**
   * Of an agent on a device: which it is, when it was heard last (that it enrolled counts), and how many entries it said
   * then that wait there, if it has said anything since this process began.
   */
  readonly agent?: { readonly id: string; readonly heardAt?: Date; readonly waiting?: number };
}

/** What a connector whose accounts are linked by a code offers beside `run`. Its `health` says how the links stand. */
export interface Linker {
  /**
   * Links a phone: shows codes until one is scanned. The account is captured from then on. Works while `run` does.
   *
   * @throws {ConnectorError} `link-refused`: its message is for the official, what to do; `network-unavailable`
   */
  link(custodian: Party, signal: AbortSignal): AsyncIterable<LinkStep>;
}
