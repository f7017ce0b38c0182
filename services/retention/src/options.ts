import type { Expirer, LockedReader, LockedWriter, LockExtender, MutableStore } from "@daybook/archive-core";
import type { Logger, Metrics } from "@daybook/runtime";

/** What is known elsewhere of what lies in the stores. Each answer is whole, or an error. */
export interface RetentionFacts {
  /** Every record that was disposed of, by its place in the log. */
  disposed(): AsyncIterable<{ readonly shard: string; readonly index: number }>;
  /** Segments with a record under a hold, by the SHA-256 of their packets, hex. */
  heldSegments(): AsyncIterable<string>;
  /** Attachments of records, but for those whose key was destroyed, by the SHA-256 of their sealed bytes, hex. */
  claimed(): AsyncIterable<{ readonly sealed: string; readonly held: boolean }>;
  /** Resolves once every event that was acknowledged before the call is archived and catalogued. */
  archived(signal: AbortSignal): Promise<void>;
}

/** Everything the retention service stands on: each identity may do only what its port says. */
export interface RetentionOptions {
  readonly shards: readonly { readonly shard: string; readonly vkey: string }[];
  /** Reads names, locks and the log. Holds no key. */
  readonly objects: Pick<LockedReader, "list" | "stat" | "get">;
  readonly heads: Pick<MutableStore, "read" | "list">;
  /** May neither read, shorten nor delete. */
  readonly extender: LockExtender;
  /** Alone deletes, and only what is no longer locked. */
  readonly expirer: Expirer;
  /** Removes key blocks that can never commit, and passed partial tiles. */
  readonly sweeper: {
    readonly heads: Pick<MutableStore, "remove">;
    /** The keyring, and its second copy where there is one. */
    readonly keyrings: readonly Pick<MutableStore, "list" | "remove">[];
  };
  /** Copies key blocks, which are sealed, under a lock. */
  readonly snapshots: {
    /** The second copy where there is one, else the keyring. */
    readonly keyring: Pick<MutableStore, "list" | "read">;
    readonly writer: LockedWriter;
    /** Days that a copy is locked for: what was destroyed can be read from one for so long. */
    readonly days: number;
  };
  readonly facts: RetentionFacts;
  /** Days that a lock is lengthened to. */
  readonly lockDays: number;
  /** Locks with fewer days left are lengthened; more than `minLockDays`, by a few passes. */
  readonly extendBelowDays: number;
  /** An object that holds an undisposed record and has fewer days of lock left is an alert. */
  readonly minLockDays: number;
  /** Days that an unclaimed attachment stays after its first lock has lapsed. */
  readonly graceDays: number;
  /** Names of objects, and what is known of them, that are in memory at a time: some hundred bytes each. */
  readonly namesInMemory: number;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly now: () => Date;
}

/** What one pass did. */
export interface RetentionReport {
  /** Objects whose locks were lengthened. */
  extended: number;
  /** Legal holds set, and lifted. */
  held: number;
  released: number;
  /** Key blocks and partial tiles destroyed. */
  swept: number;
  /** Objects removed after their lock had lapsed, by what they were. */
  expired: { orphans: number; disposed: number; attachments: number; snapshots: number };
  /** Copies of key blocks made, and those whose lock was lengthened. */
  copied: number;
  kept: number;
  /** What an operator has to look at, the first thousand. `key` is a store key. */
  alerts: { readonly key: string; readonly problem: string }[];
  /** How many more there are. */
  moreAlerts: number;
}
