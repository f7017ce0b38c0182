import { createSecretKey } from "node:crypto";
import { join } from "node:path";
import { type ArchiverOptions, archiverRoutes, ArchiverProgress, runArchiver } from "@daybook/archiver";
import {
  archiveProgressClient,
  importedFilesClient,
  type Live,
  registryClient,
  runCapture,
} from "@daybook/capture";
import type { Home } from "@daybook/compose";
import { runEvidence } from "@daybook/evidence";
import { accountClient, runGateway } from "@daybook/gateway";
import { RecordReader } from "@daybook/openpgp";
import { archiverOver, runRecords } from "@daybook/records";
import { factsOverHttp, runRetention } from "@daybook/retention";
import { apiClient, type Logger, Metrics, type Secret, untilAborted } from "@daybook/runtime";
import { createPayloadOpener, createPayloadSealer } from "@daybook/stream";
import { type OutsiderSettings, runWitnessing } from "@daybook/witnessing";
import { type Engines, holderOf, keyBytes, openEngines } from "./engines.ts";
import { createHost, newServiceToken } from "../host.ts";
import { IngestKeys } from "../ingest/ingest-keys.ts";
import { streamEnds, turnIngestKeys } from "../ingest/turn-ingest-keys.ts";
import { homeIngestKeys, type Keys } from "./keys.ts";
import { operate, type Ready } from "./operate.ts";
import { ownerToken } from "./owner-token.ts";
import { sealedPublisher } from "./publisher.ts";
import { outboundFrom, RELAYING, requestKeyFrom } from "./relaying.ts";

export interface ComposeOptions {
  readonly home: Home;
  readonly keys: Keys;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Connectors to run besides imports. */
  readonly live: readonly Live[];
  /** Who is asked to witness and stamp the logs; nobody, if left out. */
  readonly outsiders?: OutsiderSettings;
  readonly log: (service: string) => Logger;
  /** Called once, when everything answers. */
  readonly onReady: (at: Ready) => Promise<void>;
}

const LOCK_DAYS = 400;
const MIN_LOCK_DAYS = 200;
const RETENTION = {
  extendBelowDays: 230,
  graceDays: 7,
  intervalMs: 24 * 60 * 60_000,
  namesInMemory: 100_000,
};
const TRIM_MARGIN = 10_000;
const WITNESSING = { cosignIntervalMs: 60_000, stampIntervalMs: 24 * 60 * 60_000, patienceMs: 10_000 };
/** No database backup is made here; the stream is trimmed by what is archived, a week at the latest. */
const KEPT_ELSEWHERE = { streamDays: 7, keyringSnapshotDays: 35, databaseBackupDays: 0 };

/**
 * Everything on one machine, in one process: opens the engines, runs every service until `signal` aborts or
 * one fails, then closes the engines, the database included. Rejects with what failed.
 */
export async function compose(options: ComposeOptions, signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const stopping = AbortSignal.any([signal, failure.signal]);
  const closing = new AsyncDisposableStack();
  try {
    const metrics = new Metrics();
    const serviceToken = newServiceToken();
    const host = await createHost({
      ...options,
      sample: options.home.facts.sample,
      serviceToken,
      log: options.log("api"),
      metrics,
    });
    closing.defer(() => host.close());
    const engines = await openEngines(options.home, options.keys, options.log("postgres"), closing);
    const ingest = await IngestKeys.open(homeIngestKeys(options.keys), options.log("daybook"));
    const services = start(options, engines, { host, metrics, ingest, serviceToken }, stopping);
    await Promise.all(
      services.map((service) =>
        service.catch((error: unknown) => {
          failure.abort(error);
          throw error;
        }),
      ),
    );
  } finally {
    failure.abort();
    // What cannot be closed keeps nothing else open.
    await closing.disposeAsync();
  }
}

type Host = Awaited<ReturnType<typeof createHost>>;

/** Starts every service. Each mounts its routes before it waits for anything, so that one API has them all. */
function start(
  options: ComposeOptions,
  engines: Engines,
  {
    host,
    metrics,
    ingest,
    serviceToken,
  }: { host: Host; metrics: Metrics; ingest: IngestKeys; serviceToken: Secret },
  signal: AbortSignal,
): Promise<void>[] {
  const { home, keys } = options;
  const { stores, stream, connection, catalogue, shards } = engines;
  const { deployment, sample } = home.facts;
  const now = () => new Date();
  const log = options.log("daybook");
  const sealer = createPayloadSealer({ publicKey: () => ingest.current().publicKey });
  const opener = createPayloadOpener({ privateKey: (kid) => ingest.privateKey(kid) });
  const publisher = sealedPublisher(stream, sealer);
  const client = apiClient({ url: host.url, token: serviceToken.reveal() });
  const vkeys = Object.fromEntries(shards.map(({ shard, signer }) => [shard, signer.vkey]));
  const progress = new ArchiverProgress(shards.map(({ shard }) => shard));
  const archiveProgress = archiveProgressClient(client);
  const mount = host.mount.bind(host);
  const reader = new RecordReader({ stores, holder: holderOf(keys) });
  const becameReady: PromiseWithResolvers<void> = Promise.withResolvers();
  const whenReady = Promise.race([becameReady.promise, untilAborted(signal)]);

  mount(archiverRoutes({ progress, shards, stream, stores }));
  const archiving: ArchiverOptions = {
    deployment,
    shards,
    stores,
    stream,
    trimmer: stream,
    producer: stream,
    opener,
    sealer,
    recipients: () => keys.archive.inForce(now()),
    namingKey: createSecretKey(keyBytes(keys, "naming")),
    catalogue: catalogue.writer,
    indexer: catalogue.indexer,
    rebuildSpan: async (span, aborted) => {
      await client.call("post", "/internal/v1/rebuild-span", { body: span, signal: aborted });
    },
    lockDays: LOCK_DAYS,
    trimMargin: TRIM_MARGIN,
    progress,
    log: options.log("archiver"),
    metrics,
    now,
  };
  const archiver = runArchiver(archiving, signal);
  const records = runRecords(
    {
      deployment,
      sample,
      database: connection,
      stores,
      archiveKeys: keys.archive,
      catalogue: catalogue.reader,
      catalogueWriter: catalogue.writer,
      indexer: catalogue.indexer,
      producer: stream,
      sealer,
      stream,
      registryKey: keyBytes(keys, "registry"),
      scopeKey: keyBytes(keys, "scope"),
      vkeys,
      archiver: archiverOver(client),
      keptElsewhere: KEPT_ELSEWHERE,
      minLockDays: MIN_LOCK_DAYS,
      mount,
      onKeysDestroyed: (of) => reader.forget(of),
      owner: ownerToken(home),
      onReady: becameReady.resolve,
      log: options.log("records"),
      now,
    },
    signal,
  );
  const evidence = runEvidence(
    {
      catalogue: catalogue.reader,
      reader,
      stores,
      services: client,
      publish: publisher.publish.bind(publisher),
      vkeys,
      witnessing: options.outsiders !== undefined,
      deployment,
      sample,
      mount,
      log: options.log("evidence"),
      now,
    },
    signal,
  );
  const witnessing = options.outsiders
    ? runWitnessing(
        {
          ...options.outsiders,
          ...WITNESSING,
          deployment,
          vkeys,
          records: stores.records,
          heads: stores.heads,
          publish: publisher.publish.bind(publisher),
          mount,
          log: options.log("witnessing"),
          metrics,
          now,
        },
        signal,
      )
    : untilAborted(signal);
  const capture = runCapture(
    {
      pool: engines.capturePool,
      records: stores.records,
      publisher,
      registry: registryClient(client),
      progress: archiveProgress,
      files: importedFilesClient(client),
      shards: home.facts.shards,
      spoolDir: home.paths.spool,
      linesKey: keyBytes(keys, "lines"),
      scopeKey: keyBytes(keys, "scope"),
      live: options.live,
      outbound: {
        ...outboundFrom({
          open: () => Promise.resolve({ stream, close: () => Promise.resolve() }),
          opener,
          gateway: client,
        }),
        positionFile: join(home.paths.spool, "outbound-position"),
      },
      whenReady,
      mount,
      log: options.log("capture"),
      now,
    },
    signal,
  );
  const gateway = runGateway(
    {
      deployment,
      pool: engines.gatewayPool,
      account: accountClient(client),
      publish: publisher.publish.bind(publisher),
      requestKey: requestKeyFrom(keyBytes(keys, "scope")),
      ...RELAYING,
      mount,
      log: options.log("gateway"),
      metrics,
      now,
    },
    signal,
  );
  const retention = whenReady.then(() =>
    runRetention(
      {
        shards: shards.map(({ shard, signer }) => ({ shard, vkey: signer.vkey })),
        objects: stores.records,
        heads: stores.heads,
        extender: stores.records,
        expirer: stores.records,
        sweeper: { heads: stores.heads, keyrings: [stores.keyring] },
        snapshots: {
          keyring: stores.keyring,
          writer: stores.records,
          days: KEPT_ELSEWHERE.keyringSnapshotDays,
        },
        facts: factsOverHttp(client),
        lockDays: LOCK_DAYS,
        ...RETENTION,
        minLockDays: MIN_LOCK_DAYS,
        log: options.log("retention"),
        metrics,
        now,
      },
      signal,
    ),
  );
  host.open();

  const archived: Ready["archived"] = async (reached) => {
    for (const [partition, offset] of reached) await archiveProgress.archived(partition, offset);
  };
  return [
    Promise.race([engines.ended, untilAborted(signal)]),
    archiver,
    records,
    evidence,
    witnessing,
    capture,
    gateway,
    retention,
    turnIngestKeys(
      ingest,
      {
        ends: streamEnds(stream, shards),
        positions: () =>
          Promise.resolve(new Map(progress.shards().map(({ shard, position }) => [shard, position]))),
      },
      log,
      signal,
    ),
    operate(options, { host, metrics, vkeys, archived, whenReady }, signal).finally(() => client.close()),
  ];
}
