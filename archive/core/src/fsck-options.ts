import type { Stores } from "./ports.ts";

/** Something that is not as the log says. `where` is a store key. */
export interface FsckProblem {
  readonly where: string;
  readonly problem: string;
}

export interface FsckOptions {
  readonly shard: string;
  readonly vkey: string;
  readonly stores: Stores;
  /** Alert below this much lock, in days from `now`. */
  readonly minLockDays: number;
  readonly now: Date;
  /**
   * What a key block has a line for: a record's index, and `<index>.<n>` for an attachment of it. Left out where
   * the private key is not at hand.
   */
  readonly keyLines?: (block: Uint8Array) => Promise<ReadonlySet<KeyLineName>>;
  /** Which of these records were disposed of, so that their missing key lines are right. */
  readonly disposed?: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

export type KeyLineName = number | `${number}.${number}`;

/** Told of a problem. @param where a store key */
export type Report = (where: string, problem: string) => void;
