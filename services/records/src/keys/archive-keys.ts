import type { PrivateKey, RecipientList } from "@daybook/openpgp";

/** The archive's keys as this process holds them. What others are shown of them is in the list. */
export interface ArchiveKeys {
  /** Whom things are, will be and were encrypted to. */
  recipients(): RecipientList;
  /** Those that are here and not retired. */
  privateKeys(): readonly PrivateKey[];
  /** Reads both again, where they may have been changed. @throws {ArchiveError} `malformed`: the old ones stay */
  refresh(): Promise<void>;
  /**
   * Makes a key of which the private half is kept here, durably, before it resolves. Left out where keys are made by
   * ceremony.
   *
   * @returns its public half, armored; nothing is encrypted to it yet
   */
  readonly generate?: (() => Promise<string>) | undefined;
  /**
   * Makes it the list in force, durably; what the archivers read may be another copy, which is for the operator to
   * replace.
   */
  replace(list: RecipientList): Promise<void>;
}
