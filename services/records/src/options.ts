import type { Stores } from "@daybook/archive-core";
import type { CatalogueReader, CatalogueWriter, RecordIndexer } from "@daybook/catalogue";
import type { Authenticator, Logger, Route } from "@daybook/runtime";
import type { PayloadSealer, StreamProducer, StreamReader } from "@daybook/stream";
import type { ArchiveKeys } from "./keys/archive-keys.ts";
import type { RecordPlace } from "./archive-reader.ts";
import type { Archiver } from "./archiver.ts";
import type { Connection, DatabaseLimits } from "./database.ts";
import type { SignInOptions } from "./sign-in/options.ts";

/** How long what is outside of Daybook's hands keeps what was there when it was taken, in days. */
export interface KeptElsewhere {
  readonly streamDays: number;
  readonly keyringSnapshotDays: number;
  readonly databaseBackupDays: number;
}

/** Everything the records service stands on. It opens nothing itself but its PostgreSQL connections. */
export interface RecordsOptions {
  /** Name of the deployment, which is the account of what Daybook says of itself. */
  readonly deployment: string;
  /** Whether this home is a trial: said wherever it shows. */
  readonly sample: boolean;
  /** Where the body is, IANA (`Europe/London`, unless given): days that people name are days there. */
  readonly zone?: string;
  /** For the schema `records`, which the login owns, or may make. */
  readonly database: Connection;
  /** Of the connections to it. */
  readonly databaseLimits?: DatabaseLimits;
  readonly stores: Stores;
  /** What opens the archive, and to whom key blocks are sealed when they are written again: as the archiver's. */
  readonly archiveKeys: ArchiveKeys;
  readonly catalogue: CatalogueReader;
  /** Writes what disposal cuts and a rebuild makes again. */
  readonly catalogueWriter: CatalogueWriter;
  readonly indexer: RecordIndexer;
  readonly producer: StreamProducer;
  readonly sealer: PayloadSealer;
  readonly stream: Pick<StreamReader, "id" | "range" | "read">;
  /** 32 bytes: seals the registry's names and numbers. */
  readonly registryKey: Uint8Array;
  /** 32 bytes: hashes conversations in scope rules, as capture does. */
  readonly scopeKey: Uint8Array;
  /** Verifier key of every shard's log, by shard, `audit` included. */
  readonly vkeys: Readonly<Record<string, string>>;
  readonly archiver: Archiver;
  readonly keptElsewhere: KeptElsewhere;
  /** `fsck` reports a lock that ends sooner. */
  readonly minLockDays: number;
  /**
   * Adds routes to the API of this process. Called once, before anything is waited for.
   *
   * @param authenticator says whose a token is: refuses with `starting` until the registry is up to date
   */
  readonly mount: (routes: readonly Route[], authenticator: Authenticator) => void;
  /** Told when session keys were destroyed: whoever else keeps opened key blocks in memory forgets them. */
  readonly onKeysDestroyed?: (of: Pick<RecordPlace, "shard" | "segment">) => void;
  /**
   * A token with every role but reviewer for the local owner: `read` gives the one that was written before, and
   * where that is not good any more, `write` gets a new one, before it works.
   */
  readonly owner?: {
    readonly name: string;
    read(): Promise<string | undefined>;
    write(token: string): Promise<void>;
  };
  /** How people sign in; without it there are tokens alone. */
  readonly signIn?: SignInOptions;
  /** Called once, when every durable audit event has been applied and requests are answered. */
  readonly onReady?: () => void;
  readonly log: Logger;
  readonly now: () => Date;
}
