import type { Captured, Sink } from "./connector.ts";
import type { Event, Network, Party } from "./event.ts";

/** A file that somebody handed over, wherever it lies. `read` may be called any number of times. */
export interface SuppliedFile {
  readonly sizeBytes: number;
  /** SHA-256 of the content, hex. */
  readonly sha256: string;
  /** Bytes from `start` to `end` (exclusive, at most `sizeBytes`), in chunks of any length. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** Whose records an imported file becomes. */
export interface ImportedFor {
  readonly account: string;
  readonly custodian: Party;
}

/** A file of a message. */
export interface ImportedAttachment {
  /** Tells it from all others of the network, whichever file it comes in. */
  readonly eventId: string;
  /** Whether the imported file holds it; of one that turns out to be damaged or too large when it is captured: not. */
  readonly isThere: boolean;
  /** By itself: its message is recorded, and was imported without it. @throws {ConnectorError} as `ImportedEntry.capture` */
  capture(sink: Pick<Sink, "attach">, of: ImportedFor): Promise<Captured[]>;
}

/** One message of an imported file, with whatever belongs to it. */
export interface ImportedEntry {
  /** Tells it from all others of the network, whichever file it comes in: its event's id. */
  readonly eventId: string;
  /** Of memory that it holds until it is captured. */
  readonly sizeBytes: number;
  /** Where it is another than the file's. */
  readonly network?: Network;
  /** What scope judges it by. */
  readonly conversation: Event["conversation"];
  /** Others that it lies in: one that scope leaves out is enough to leave it out. */
  readonly alsoIn?: readonly NonNullable<Event["conversation"]>[];
  /** Those that a later import may supply, or name for the first time. */
  readonly attachments?: readonly ImportedAttachment[];
  /**
   * Seals its attachments and makes its events. Called only for what scope takes and what is not recorded yet.
   *
   * @throws {ConnectorError} what `attach` throws, except `too-large`, which becomes a gap
   */
  capture(sink: Pick<Sink, "attach">, of: ImportedFor): Promise<Captured[]>;
}

/** A file as an importer reads it. */
export interface ImportableFile extends AsyncDisposable {
  readonly network: Network;
  /** As the notice of the file names it. */
  readonly connector: Event["connector"];
  /** In the order of the file. Memory does not grow with the file. @throws {ConnectorError} `malformed` */
  entries(): AsyncIterable<ImportedEntry>;
}

/**
 * Opens a file if it is of the importer's kind.
 *
 * @param name a label that may say something: never a path
 * @returns undefined for a file of another kind
 * @throws {ConnectorError} `malformed`
 */
export type Importer = (file: SuppliedFile, name: string) => Promise<ImportableFile | undefined>;
