import type { Method, Network, Party } from "@daybook/contract";
import type { ScopeRules } from "./scope.ts";

/** What capture needs of the registry, which the records service keeps. */
export interface Registry {
  /**
   * The custodian of that name or id; undefined if there is none.
   *
   * @throws {CaptureError} `ambiguous-custodian`, `unavailable`
   */
  find(nameOrId: string): Promise<Party | undefined>;

  /**
   * The custodian of that name, made if there is none.
   *
   * @throws {CaptureError} `ambiguous-custodian`, `unavailable`
   */
  custodian(name: string, actor: string): Promise<Party>;

  /** The account through which a custodian is captured, made if there is none. @returns its opaque id */
  account(of: {
    custodian: string;
    network: Network;
    method: Method;
    /** The account's number or address, where it is known. */
    identifier?: string;
    actor: string;
  }): Promise<string>;

  /** What to take and what to leave; from a local copy when the registry does not answer. */
  scope(): Promise<ScopeRules>;
}

/** What capture needs of the archiver. */
export interface ArchiveProgress {
  /** Resolves once everything below `offset` of that partition of `daybook.events` can be searched. */
  archived(partition: number, offset: number): Promise<void>;
}

/** Publishes envelopes, encrypted, and says where they ended. */
export interface Publisher {
  /**
   * Resolves once all are durable.
   *
   * @returns offset after the last of them
   * @throws {CaptureError} `unavailable`, `spool-full`
   */
  publish(topic: string, partition: number, plaintexts: readonly Uint8Array[]): Promise<number>;
}

/** What one record holds of the line of an imported file that it was made of. */
export interface RecordedLine {
  readonly custodian: string;
  readonly conversation: string;
  /** SHA-256 of the imported file, hex. */
  readonly file: string;
  /** The line's own bytes. */
  readonly raw: Uint8Array;
}

/** Files that were imported, as the archive keeps them: what capture learns again when it has lost its schema. */
export interface ImportedFiles {
  /** Their notices, oldest first: custodian, `raw` as text, and the file's SHA-256, hex. */
  notices(): AsyncIterable<{ id: string; custodian: string; file: string; raw: string }>;
  /** The file of a notice; undefined when it was disposed of or not kept. */
  content(id: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The lines that are recorded, in the order of the logs: those of one chat of a file in the file's order. */
  lines(): AsyncIterable<RecordedLine>;
}
