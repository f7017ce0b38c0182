import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import { checkpointSigner, type Stores } from "@daybook/archive-core";
import type { ShardOptions } from "@daybook/archiver";
import {
  type CatalogueConnection,
  type CatalogueReader,
  type CatalogueWriter,
  createCatalogueReader,
  createCatalogueWriter,
  createRecordIndexer,
  migrate,
  openCatalogue,
  openCellsWith,
  openPostgresPool,
  type RecordIndexer,
  sealCellsTo,
} from "@daybook/catalogue";
import { type Home, startPostgres } from "@daybook/compose";
import { openDirectoryStores } from "@daybook/directory";
import { anyOf, type KeyHolder } from "@daybook/openpgp";
import type { Logger } from "@daybook/runtime";
import { type FileStream, openFileStream } from "@daybook/stream";
import type { Pool } from "pg";
import type { Keys } from "./keys.ts";

/** What the services of one machine stand on. */
export interface Engines {
  readonly stores: Stores;
  readonly stream: FileStream;
  readonly connection: CatalogueConnection;
  readonly catalogue: {
    readonly reader: CatalogueReader;
    readonly writer: CatalogueWriter;
    readonly indexer: RecordIndexer;
  };
  /** For capture's own schema. */
  readonly capturePool: Pool;
  /** For the gateway's own schema. */
  readonly gatewayPool: Pool;
  readonly shards: readonly ShardOptions[];
  /** Rejects when the database server ends by itself. */
  readonly ended: Promise<void>;
}

const LINGER_MS = 1_000;

/** What opens the archive: with whatever private keys are there at the time. */
export function holderOf({ archive }: Keys): KeyHolder {
  return anyOf(() => archive.privateKeys());
}

/** A key's bytes. */
export function keyBytes(
  keys: Keys,
  name: "naming" | "tokens" | "log" | "registry" | "lines" | "scope",
): Buffer {
  return Buffer.from(keys.service[name], "base64");
}

/**
 * Opens every engine of a home. Each that is open is deferred on `closing`, also when a later one fails.
 */
export async function openEngines(
  home: Home,
  keys: Keys,
  log: Logger,
  closing: AsyncDisposableStack,
): Promise<Engines> {
  const { paths, facts } = home;
  const postgres = await startPostgres({ dataDir: paths.postgres, log });
  closing.defer(() => postgres.stop());
  const { connection } = postgres;
  const [stores, stream, catalogue] = await Promise.all([
    openDirectoryStores({ objects: paths.objects, heads: paths.heads, keyring: paths.keyring }),
    openFileStream({
      dir: paths.stream,
      partitions: {
        [TOPICS.events]: facts.shards,
        [TOPICS.audit]: 1,
        [TOPICS.outbound]: 1,
        [TOPICS.parked]: 1,
      },
    }),
    openIndex(connection, keys, closing),
  ]);
  closing.defer(() => stream.close());
  const capturePool = openPostgresPool(connection, { name: "daybook-capture", max: 4 });
  closing.defer(() => capturePool.end());
  const gatewayPool = openPostgresPool(connection, { name: "daybook-gateway", max: 2 });
  closing.defer(() => gatewayPool.end());
  return {
    stores,
    stream,
    connection,
    catalogue,
    capturePool,
    gatewayPool,
    shards: shardsOf(home, keys),
    ended: postgres.ended,
  };
}

async function openIndex(
  connection: CatalogueConnection,
  keys: Keys,
  closing: AsyncDisposableStack,
): Promise<Engines["catalogue"]> {
  const owner = openCatalogue(connection, "owner", { max: 1 });
  try {
    await migrate(owner);
  } finally {
    await owner.close();
  }
  const writers = openCatalogue(connection, "writer");
  const readers = openCatalogue(connection, "reader");
  closing.defer(() => writers.close());
  closing.defer(() => readers.close());
  const tokenKey = keyBytes(keys, "tokens");
  return {
    writer: createCatalogueWriter({
      pool: writers,
      cells: sealCellsTo(() => keys.archive.inForce(new Date())),
    }),
    reader: createCatalogueReader({ pool: readers, tokenKey, cells: openCellsWith(holderOf(keys)) }),
    indexer: createRecordIndexer(tokenKey),
  };
}

function shardsOf({ facts }: Home, keys: Keys): ShardOptions[] {
  const seed = keyBytes(keys, "log");
  const shard = (name: string, topic: string, partition: number): ShardOptions => ({
    shard: name,
    topic,
    partition,
    signer: checkpointSigner(`${facts.deployment}/${name}`, seed),
    lingerMs: LINGER_MS,
  });
  return [
    ...Array.from({ length: facts.shards }, (_, i) => shard(String(i), TOPICS.events, i)),
    shard(AUDIT_SHARD, TOPICS.audit, 0),
  ];
}
