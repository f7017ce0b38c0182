import type { KeyObject } from "node:crypto";
import type { CheckpointSigner, Stores } from "@daybook/archive-core";
import type { CatalogueWriter, RecordIndexer } from "@daybook/catalogue";
import type { Recipient } from "@daybook/openpgp";
import type { Logger, Metrics } from "@daybook/runtime";
import type {
  PayloadOpener,
  PayloadSealer,
  StreamGroup,
  StreamProducer,
  StreamReader,
  StreamTrimmer,
} from "@daybook/stream";
import type { EventSealer } from "./event-sealer.ts";
import type { ArchiverProgress } from "./progress.ts";
import type { ShardSigns } from "./signs.ts";
import type { Upkeep } from "./upkeep.ts";

/** One ordered line of records, and where its events come from. */
export interface ShardOptions {
  /** The shard's name: the partition's number in decimal, or `audit`. */
  readonly shard: string;
  readonly topic: string;
  readonly partition: number;
  /** Signs this shard's checkpoints. */
  readonly signer: CheckpointSigner;
  /** How long an open segment waits for more records, in milliseconds. */
  readonly lingerMs: number;
}

/** Rows that the catalogue lacks: those of the leaves from `from` to `size`. */
export interface MissingSpan {
  readonly shard: string;
  readonly from: number;
  readonly size: number;
}

/** Everything the archiver stands on. It opens nothing itself. */
export interface ArchiverOptions {
  /** Name of the deployment, which is the account of what Daybook says of itself. */
  readonly deployment: string;
  readonly shards: readonly ShardOptions[];
  readonly stores: Stores;
  readonly stream: StreamReader;
  /** Shares the shards' partitions among archivers. Left out, every shard is this process's. */
  readonly group?: StreamGroup;
  /** Left out where the stream expires messages by itself. */
  readonly trimmer?: StreamTrimmer;
  /** For `daybook.parked`, and for the gaps that the archiver itself finds. */
  readonly producer: StreamProducer;
  readonly opener: PayloadOpener;
  readonly sealer: PayloadSealer;
  /** Those in force: the archive key, and escrow where there is one. Asked for at each key block. */
  readonly recipients: () => readonly Recipient[];
  /** 32 bytes. */
  readonly namingKey: KeyObject;
  readonly catalogue: Pick<CatalogueWriter, "write" | "known" | "position" | "settle" | "analyzeIfDue">;
  readonly indexer: RecordIndexer;
  /**
   * Has the records service write the rows of a span that the stream no longer has, and the shard's state
   * with them. Resolves once they are there; repeated for as long as it takes.
   */
  readonly rebuildSpan?: (span: MissingSpan, signal: AbortSignal) => Promise<void>;
  /** Days that new objects are locked for. */
  readonly lockDays: number;
  /** Messages below the head that are left on the stream, for a catalogue restored from a backup. */
  readonly trimMargin: number;
  readonly progress: ArchiverProgress;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly now: () => Date;
}

/** What a shard works with: the options of all and its own. */
export type ShardContext = Omit<ArchiverOptions, "shards" | "namingKey"> &
  ShardOptions & { readonly eventSealer: EventSealer; readonly upkeep: Upkeep; readonly signs: ShardSigns };
