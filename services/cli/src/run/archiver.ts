import { createSecretKey } from "node:crypto";
import { archiverRoutes, ArchiverProgress, runArchiver } from "@daybook/archiver";
import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import { headKey } from "@daybook/archive-core";
import { createCatalogueWriter, createRecordIndexer, sealCellsTo } from "@daybook/catalogue";
import { apiClient } from "@daybook/runtime";
import { openS3Stores } from "@daybook/s3";
import { createPayloadOpener, createPayloadSealer, kafkaGroup } from "@daybook/stream";
import { IngestKeys } from "../ingest/ingest-keys.ts";
import { ingestKeyRoute, KEY_OVERLAP_MS } from "../ingest/public-key.ts";
import { sharedIngestKeys } from "../ingest/shared-store.ts";
import { streamEnds, turnIngestKeys } from "../ingest/turn-ingest-keys.ts";
import { keepFresh, RecipientsFile } from "../keys/recipients-file.ts";
import { checkStore } from "./check-store.ts";
import { engineProblems, openStream, openWriters, s3Stores, streamOptions } from "./engines.ts";
import { ARCHIVER } from "./service-settings.ts";
import { bytes } from "./settings.ts";
import { registryAuthenticator } from "./peers.ts";
import { answers, service, untilStopped } from "./service.ts";
import { positionsOf, signedShards } from "./shards.ts";
import { askSpools } from "./spools.ts";

/** Seals what comes over the stream, writes it once, logs it and indexes it. Holds no key that opens the archive. */
export const archiver = service({
  settings: ARCHIVER,
  problemsOf: engineProblems,
  async run({ config, log, metrics, closing, signal, mount, ready }) {
    const recipients = await RecipientsFile.open(config.DAYBOOK_RECIPIENTS_PATH);
    await checkStore(config);
    const stores = openS3Stores(s3Stores(config));
    const ingest = await IngestKeys.open(sharedIngestKeys(stores.heads, config.DAYBOOK_INGEST_SECRET), log);
    const age = metrics.gauge(
      "daybook_ingest_oldest_key_seconds",
      "Age of the oldest ingest key that is kept",
    );
    metrics.onRead(() => age.set((Date.now() - ingest.oldest().getTime()) / 1_000));
    const catalogue = createCatalogueWriter({
      pool: await openWriters(config, closing),
      cells: sealCellsTo(() => recipients.inForce(new Date())),
    });
    await catalogue.position(AUDIT_SHARD);
    const stream = await openStream(config, "archiver", closing);
    const records = apiClient({
      url: config.DAYBOOK_RECORDS_URL,
      token: config.DAYBOOK_SERVICE_TOKEN.reveal(),
      ca: config.DAYBOOK_CA,
    });
    closing.defer(() => records.close());
    const shards = signedShards({
      deployment: config.DAYBOOK_DEPLOYMENT,
      shards: config.DAYBOOK_SHARDS,
      seed: bytes(config.DAYBOOK_LOG_KEY),
      lingerMs: config.DAYBOOK_LINGER_SECONDS * 1_000,
    });
    const progress = new ArchiverProgress(shards.map(({ shard }) => shard));
    mount(
      [...archiverRoutes({ progress, shards, stream, stores }), ingestKeyRoute(ingest)],
      registryAuthenticator(records),
    );
    ready({
      stream: () => answers(stream.range(TOPICS.audit, 0)),
      store: () => answers(stores.heads.read(headKey(AUDIT_SHARD))),
      database: () => answers(catalogue.position(AUDIT_SHARD)),
      shards: () => progress.shards().every(({ blocked }) => blocked === undefined),
    });
    await untilStopped(signal, [
      keepFresh(recipients, log, signal),
      runArchiver(
        {
          deployment: config.DAYBOOK_DEPLOYMENT,
          shards,
          stores,
          stream,
          group: kafkaGroup({
            ...streamOptions(config, "archiver"),
            partitions: { [TOPICS.events]: config.DAYBOOK_SHARDS, [TOPICS.audit]: 1 },
            groupId: `daybook-archivers-${config.DAYBOOK_DEPLOYMENT}`,
            ...(config.DAYBOOK_ARCHIVER_NAME !== undefined && { name: config.DAYBOOK_ARCHIVER_NAME }),
            onTrouble: (err) => log.warn({ err }, "the group of archivers cannot be reached, trying again"),
          }),
          producer: stream,
          opener: createPayloadOpener({
            privateKey: (kid) => ingest.privateKey(kid),
            lookAgain: () => ingest.lookAgain(),
          }),
          sealer: createPayloadSealer({ publicKey: () => ingest.current().publicKey }),
          recipients: () => recipients.inForce(new Date()),
          namingKey: createSecretKey(bytes(config.DAYBOOK_NAMING_KEY)),
          catalogue,
          indexer: createRecordIndexer(bytes(config.DAYBOOK_TOKENS_KEY)),
          rebuildSpan: async (span, aborted) => {
            await records.call("post", "/internal/v1/rebuild-span", { body: span, signal: aborted });
          },
          lockDays: config.DAYBOOK_LOCK_DAYS,
          trimMargin: 0,
          progress,
          log,
          metrics,
          now: () => new Date(),
        },
        signal,
      ),
      turnIngestKeys(
        ingest,
        {
          ends: streamEnds(stream, shards),
          positions: () => positionsOf(stores, catalogue, shards),
          spooled: askSpools({
            urls: config.DAYBOOK_CAPTURE_URLS ?? [],
            token: config.DAYBOOK_SERVICE_TOKEN.reveal(),
            ca: config.DAYBOOK_CA,
          }),
          overlapMs: KEY_OVERLAP_MS,
        },
        log,
        signal,
      ),
    ]);
  },
});
