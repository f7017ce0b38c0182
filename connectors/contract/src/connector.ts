import type { Event } from "./event.ts";
import type { Linker, LinkHealth } from "./linking.ts";
import type { Relay } from "./relay.ts";

/** A stored attachment: the reference that goes in the event, and its key, which travels only in the envelope. */
export interface SealedAttachment {
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sealed: string;
  /** OpenPGP session key, `9:HEX`. */
  readonly sessionKey: string;
}

/** What a connector hands over: the event without its attachments, which the sink fills in. */
export interface Captured {
  /** The connector's stable identifier of this event: the same at every redelivery. At most 512 characters. */
  readonly eventId: string;
  /**
   * SHA-256, hex, of the part of `raw` that is the same at every redelivery. Other content under the same
   * `eventId` becomes a second record.
   */
  readonly stableDigest: string;
  readonly event: Omit<Event, "attachments" | "capturedAt">;
  readonly attachments?: readonly SealedAttachment[];
}

/** What a connector can say about its link to the network. Operators see it; alerts fire on it. */
export type LinkState =
  | { readonly state: "connecting" | "live" | "catching-up" | "down" }
  | { readonly state: "needs-relink"; readonly reason: string };

/** Where a connector puts what it hears. Safe to call concurrently. */
export interface Sink {
  /**
   * Hands over events, in order. Resolves once all are durable; only then may the connector acknowledge
   * them to the network. Delivering the same `eventId` twice is harmless.
   *
   * @throws {ConnectorError} `stream-unavailable`, retryable: the outcome is unknown, repeat them all.
   * @throws {ConnectorError} `event-invalid`: never accepted as it is; nothing of the batch was captured.
   */
  capture(events: readonly Captured[]): Promise<void>;

  /**
   * Seals and stores attachment bytes. Resolves once durable. Never shared: each call makes its own object.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable; `too-large`.
   */
  attach(
    body: AsyncIterable<Uint8Array>,
    about: { name: string; mediaType: string },
  ): Promise<SealedAttachment>;

  report(state: LinkState): void;
}

/** One account on one network. */
export interface Connector {
  /**
   * Captures every event on the account, in the order the network gives them, until `signal` aborts.
   * Resolves after a clean stop, with nothing acknowledged that was not captured. Reconnects by itself;
   * rejects only when an operator must act.
   */
  run(sink: Sink, signal: AbortSignal): Promise<void>;

  /** Where it can answer: works while `run` does. */
  readonly relay?: Relay;

  /** Where its accounts are linked by a code. */
  readonly linker?: Linker;

  /** How the link of each of its accounts stands, while `run` does. */
  health?(): readonly LinkHealth[];
}
