import { z } from "zod";
import { instant, network, party } from "./event.ts";

/** The longest text that is relayed, in characters. */
export const MAX_RELAYED_CHARACTERS = 20_000;

/** What travels on `daybook.outbound`, as JSON, encrypted: a message that somebody asked Daybook to send, past every policy. */
export const outbound = z.strictObject({
  v: z.literal(1),
  /** Made by whoever asked: the same request repeated is the same message. */
  id: z.uuid(),
  network,
  /** The account that sends, as its events name it. */
  account: z.string().min(1).max(512),
  custodian: party,
  /** The conversation that it goes to, as its events name it. */
  conversation: z.string().min(1).max(512),
  text: z.string().min(1).max(MAX_RELAYED_CHARACTERS),
  /** Who asked: the custodian, or their office. */
  by: party,
  requestedAt: instant,
  /** From then on it is not sent any more: an answer that is late by hours surprises everyone. */
  expiresAt: instant,
  /** Who asked has confirmed the recipient's safety number as it was known at `requestedAt`. */
  acceptsNewIdentity: z.literal(true).optional(),
});
export type Outbound = z.infer<typeof outbound>;

/** Why a message was not sent. */
export const relayFailure = z.enum([
  "no-such-conversation",
  "no-such-recipient", // left the network
  "identity-changed", // a recipient's safety number is another: a person must look, and ask again with `acceptsNewIdentity`
  "challenge", // the network wants to see a person: only the phone can answer
  "rate-limited",
  "too-long",
  "unlinked",
  "offline", // the network could not be reached before it expired
  "expired",
  "refused", // by the network, for another reason
  "unknown", // nobody knows whether it was sent
]);
export type RelayFailure = z.infer<typeof relayFailure>;

export type RelayOutcome =
  | {
      readonly state: "sent";
      /** The network's id of the message. */ readonly networkId: string;
      /** In words, for who asked: whom of a group it did not reach. */ readonly why?: string | undefined;
    }
  | {
      readonly state: "failed";
      readonly code: RelayFailure;
      /** In words, for who asked. */ readonly why: string;
    };

/** A conversation, as the account sees it now. */
export interface RelayConversation {
  readonly id: string;
  readonly title: string;
  readonly kind: "direct" | "group" | "channel" | "unknown";
}

/** What a connector that can answer offers beside `run`. */
export interface Relay {
  /** Whether that account sends through this connector, now. */
  has(account: string): boolean;

  /** The conversation of that id; undefined for one that the account is not in. */
  conversation(account: string, id: string): Promise<RelayConversation | undefined>;

  /**
   * Sends one message, at most once, however often it is called with the same `id`: what came of an earlier call is
   * answered again, also after a crash. A message that was sent is captured, with `relay.state` `sent`, before this
   * resolves. Ends with `offline` where the network is not reached before `expiresAt`.
   *
   * @throws {ConnectorError} retryable: nothing was decided, call again
   */
  send(message: Outbound, signal: AbortSignal): Promise<RelayOutcome>;
}
