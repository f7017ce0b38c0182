import type { Captured, Outbound, RelayFailure } from "@daybook/contract";
import type { StateFile } from "@daybook/keeping";
import type { Writing } from "./text-parts.ts";

/** What the answer to a part that left means. */
export type Judged =
  /** `id` is empty where it was given none: nothing tells then what became of it. */
  | { readonly state: "accepted"; readonly id: string }
  | { readonly state: "failed"; readonly code: RelayFailure; readonly why: string }
  /** It was not taken, and may be sent again. */
  | { readonly state: "again"; /** There are too many. */ readonly isThrottled: boolean }
  | { readonly state: "unknown" };

/** What came of a part that left. */
export interface Answered {
  readonly judged: Judged;
  /** What was sent and what was answered, without secrets: the evidence. Of use where it was accepted. */
  readonly said: Buffer;
}

/** A part of a message. @returns what lets it go, once; undefined where that cannot be now */
export type Part = () => (() => Promise<Answered>) | undefined;

/** A part that was taken. */
export interface TakenPart {
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  /** As it was given, perhaps empty. */
  readonly id: string;
}

export type RelayState = StateFile<"relayed">;
export type RelayChange = Parameters<RelayState["write"]>[0][number];

/** Who takes messages from official numbers. */
export interface Carrier {
  /** In sentences: `the aggregator`. */
  readonly who: string;
  /** How a message is written that begins now: the same for each of its parts, also after a restart. */
  readonly begin: () => Writing | undefined;
  /** What leaves of it; a sentence for what is too long. */
  partsOf(message: Outbound, writing: Writing | undefined): readonly Part[] | string;
  /**
   * Remembers that a part was taken, with what tells later that a receipt is about it. Durable, together with the change,
   * once it resolves.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: nothing is remembered
   */
  keep(message: Outbound, taken: TakenPart, change: RelayChange): Promise<void>;
  /** Resolves and rejects as the work does, which ends with `keep`. */
  whileSending<T>(work: Promise<T>): Promise<T>;
  /**
   * How the message is named in records: `eventId` is its `networkId` too.
   *
   * @param id of its last part @param raw its evidence
   */
  nameOf(message: Outbound, id: string, raw: Buffer): Pick<Captured, "eventId" | "stableDigest">;
}
