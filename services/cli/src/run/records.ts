import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import { headKey } from "@daybook/archive-core";
import {
  createCatalogueReader,
  createCatalogueWriter,
  createRecordIndexer,
  openCellsWith,
  sealCellsTo,
} from "@daybook/catalogue";
import { archiverOver, runRecords } from "@daybook/records";
import { untilAborted } from "@daybook/runtime";
import { openS3Stores } from "@daybook/s3";
import { createPayloadSealer } from "@daybook/stream";
import { openIngestPublicKey } from "../ingest/public-key.ts";
import { keepFresh } from "../keys/recipients-file.ts";
import { writeDurably } from "../keys/write-durably.ts";
import { archiversClient } from "./archivers.ts";
import { database, engineProblems, openReaders, openStream, openWriters, s3Stores } from "./engines.ts";
import { readingKeys } from "./reading-keys.ts";
import { answers, service, untilStopped } from "./service.ts";
import { RECORDS } from "./service-settings.ts";
import { bytes } from "./settings.ts";
import { shardVkeys } from "./shards.ts";
import { signInOf, signInProblems } from "./sign-in.ts";

const OWNER_TOKEN = "owner-token";
/** Who the first token is made for: a process in a container has no user of its own to name. */
const OWNER = "owner";

/** The registry, matters, search and reading, holds and disposal. Holds the keys that open the archive. */
export const records = service({
  settings: RECORDS,
  problemsOf: (config) => [...engineProblems(config), ...signInProblems(config)],
  async run({ config, log, closing, signal, mount, ready }) {
    const { DAYBOOK_DEPLOYMENT: deployment } = config;
    const vkeys = shardVkeys(config.DAYBOOK_LOG_VKEYS, deployment, config.DAYBOOK_SHARDS);
    const { keys, holder } = await readingKeys(config);
    const stores = openS3Stores(s3Stores(config));
    const indexer = createRecordIndexer(bytes(config.DAYBOOK_TOKENS_KEY));
    const catalogueWriter = createCatalogueWriter({
      pool: await openWriters(config, closing),
      cells: sealCellsTo(() => keys.inForce(new Date())),
    });
    const readers = await openReaders(config, closing);
    await catalogueWriter.position(AUDIT_SHARD);
    const stream = await openStream(config, "records", closing);
    const archivers = archiversClient({
      urls: config.DAYBOOK_ARCHIVER_URLS,
      token: config.DAYBOOK_SERVICE_TOKEN.reveal(),
      ca: config.DAYBOOK_CA,
    });
    closing.defer(() => archivers.close());
    const ingest = await openIngestPublicKey({ client: archivers, log });
    const signIn = signInOf(config);
    const ownerPath = join(config.DAYBOOK_STATE_PATH, OWNER_TOKEN);
    const keeping = ingest.keep(signal);
    await Promise.race([ingest.known, untilAborted(signal)]);
    if (signal.aborted) return;
    await untilStopped(signal, [
      keeping,
      keepFresh(keys, log, signal),
      runRecords(
        {
          deployment,
          sample: config.DAYBOOK_TRIAL,
          zone: config.DAYBOOK_ZONE,
          database: database(config),
          stores,
          archiveKeys: keys,
          catalogue: createCatalogueReader({
            pool: readers,
            tokenKey: bytes(config.DAYBOOK_TOKENS_KEY),
            cells: openCellsWith(holder),
          }),
          catalogueWriter,
          indexer,
          producer: stream,
          sealer: createPayloadSealer({ publicKey: () => ingest.publicKey() }),
          stream,
          registryKey: bytes(config.DAYBOOK_REGISTRY_KEY),
          scopeKey: bytes(config.DAYBOOK_SCOPE_KEY),
          vkeys,
          archiver: archiverOver(archivers),
          keptElsewhere: {
            streamDays: config.DAYBOOK_STREAM_DAYS,
            keyringSnapshotDays: config.DAYBOOK_SNAPSHOT_DAYS,
            databaseBackupDays: config.DAYBOOK_DATABASE_BACKUP_DAYS,
          },
          minLockDays: config.DAYBOOK_MIN_LOCK_DAYS,
          mount,
          ...(signIn && { signIn }),
          owner: {
            name: OWNER,
            read: () =>
              readFile(ownerPath, "utf8").then(
                (text) => text.trim(),
                () => undefined,
              ),
            write: (token) => writeDurably(ownerPath, `${token}\n`),
          },
          onReady: () =>
            ready({
              stream: () => answers(stream.range(TOPICS.audit, 0)),
              store: () => answers(stores.heads.read(headKey(AUDIT_SHARD))),
              database: () => answers(catalogueWriter.position(AUDIT_SHARD)),
            }),
          log,
          now: () => new Date(),
        },
        signal,
      ),
    ]);
  },
});
