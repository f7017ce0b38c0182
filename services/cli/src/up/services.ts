import { createSecretKey } from "node:crypto";
import { join } from "node:path";
import { archiverRoutes, type ArchiverProgress, runArchiver } from "@daybook/archiver";
import {
  agentRegistryClient,
  archiveProgressClient,
  importedFilesClient,
  type AgentOptions,
  type Live,
  type Publisher,
  registryClient,
  runCapture,
} from "@daybook/capture";
import type { Home } from "@daybook/compose";
import { runEvidence } from "@daybook/evidence";
import { accountClient, runGateway } from "@daybook/gateway";
import type { RecordReader } from "@daybook/openpgp";
import { archiverOver, runRecords, type SignInOptions } from "@daybook/records";
import { factsOverHttp, runRetention } from "@daybook/retention";
import type { ApiClient, Logger, Metrics, Route } from "@daybook/runtime";
import type { PayloadOpener, PayloadSealer } from "@daybook/stream";
import { type OutsiderSettings, runWitnessing } from "@daybook/witnessing";
import { type Engines, keyBytes } from "./engines.ts";
import type { Keys } from "./keys.ts";
import { ownerToken } from "./owner-token.ts";
import { outboundFrom, RELAYING, requestKeyFrom } from "./relaying.ts";

const LOCK_DAYS = 400;
const MIN_LOCK_DAYS = 200;
const RETENTION = {
  extendBelowDays: 230,
  graceDays: 7,
  intervalMs: 24 * 60 * 60_000,
  namesInMemory: 100_000,
};
const PACKAGES_KEPT_MS = 24 * 60 * 60_000;
const TRIM_MARGIN = 10_000;
const WITNESSING = { cosignIntervalMs: 60_000, stampIntervalMs: 24 * 60 * 60_000, patienceMs: 10_000 };
/** No database backup is made here; the stream is trimmed by what is archived, a week at the latest. */
const KEPT_ELSEWHERE = { streamDays: 7, keyringSnapshotDays: 35, databaseBackupDays: 0 };

/** What the services of one machine share. Each mounts its routes before it waits for anything. */
export interface Shared {
  readonly home: Home;
  /** Where the body is, IANA. */
  readonly zone: string;
  readonly keys: Keys;
  readonly engines: Engines;
  readonly sealer: PayloadSealer;
  readonly opener: PayloadOpener;
  readonly publisher: Publisher;
  readonly client: ApiClient;
  readonly reader: RecordReader;
  readonly progress: ArchiverProgress;
  /** Verifier keys, by shard. */
  readonly vkeys: Readonly<Record<string, string>>;
  /** Resolves when the records service answers. */
  readonly whenReady: Promise<void>;
  /** How people sign in at the console. */
  readonly signIn: SignInOptions;
  readonly mount: (routes: readonly Route[]) => void;
  readonly metrics: Metrics;
  readonly log: (service: string) => Logger;
  readonly now: () => Date;
}

export function archiver(shared: Shared, signal: AbortSignal): Promise<void> {
  const { engines, keys, client, progress, sealer, opener, metrics, now } = shared;
  const { stores, stream, shards } = engines;
  shared.mount(archiverRoutes({ progress, shards, stream, stores }));
  return runArchiver(
    {
      deployment: shared.home.facts.deployment,
      shards,
      stores,
      stream,
      trimmer: stream,
      producer: stream,
      opener,
      sealer,
      recipients: () => keys.archive.inForce(now()),
      namingKey: createSecretKey(keyBytes(keys, "naming")),
      catalogue: engines.catalogue.writer,
      indexer: engines.catalogue.indexer,
      rebuildSpan: async (span, aborted) => {
        await client.call("post", "/internal/v1/rebuild-span", { body: span, signal: aborted });
      },
      lockDays: LOCK_DAYS,
      trimMargin: TRIM_MARGIN,
      progress,
      log: shared.log("archiver"),
      metrics,
      now,
    },
    signal,
  );
}

/** @param onReady called when it answers */
export function records(shared: Shared, onReady: () => void, signal: AbortSignal): Promise<void> {
  const { home, zone, keys, engines, sealer, client, reader, vkeys, mount, now } = shared;
  return runRecords(
    {
      zone,
      deployment: home.facts.deployment,
      sample: home.facts.sample,
      database: engines.connection,
      stores: engines.stores,
      archiveKeys: keys.archive,
      catalogue: engines.catalogue.reader,
      catalogueWriter: engines.catalogue.writer,
      indexer: engines.catalogue.indexer,
      producer: engines.stream,
      sealer,
      stream: engines.stream,
      registryKey: keyBytes(keys, "registry"),
      scopeKey: keyBytes(keys, "scope"),
      vkeys,
      archiver: archiverOver(client),
      keptElsewhere: KEPT_ELSEWHERE,
      minLockDays: MIN_LOCK_DAYS,
      mount,
      onKeysDestroyed: (of) => reader.forget(of),
      owner: ownerToken(home),
      signIn: shared.signIn,
      onReady,
      log: shared.log("records"),
      now,
    },
    signal,
  );
}

/** @param isWitnessed whether somebody is asked to witness the logs */
export function evidence(shared: Shared, isWitnessed: boolean, signal: AbortSignal): Promise<void> {
  const { home, engines, client, reader, publisher, vkeys, mount, now } = shared;
  return runEvidence(
    {
      catalogue: engines.catalogue.reader,
      reader,
      stores: engines.stores,
      services: client,
      publish: publisher.publish.bind(publisher),
      vkeys,
      witnessing: isWitnessed,
      deployment: home.facts.deployment,
      sample: home.facts.sample,
      packages: { dir: home.paths.packages, keptMs: PACKAGES_KEPT_MS },
      mount,
      log: shared.log("evidence"),
      now,
    },
    signal,
  );
}

export function witnessing(shared: Shared, by: OutsiderSettings, signal: AbortSignal): Promise<void> {
  const { engines, vkeys, publisher, mount, metrics, now } = shared;
  return runWitnessing(
    {
      ...by,
      ...WITNESSING,
      deployment: shared.home.facts.deployment,
      vkeys,
      records: engines.stores.records,
      heads: engines.stores.heads,
      publish: publisher.publish.bind(publisher),
      mount,
      log: shared.log("witnessing"),
      metrics,
      now,
    },
    signal,
  );
}

/**
 * @param of.live connectors to run besides imports
 * @param of.agents how agents on devices are taken, if any are
 */
export function capture(
  shared: Shared,
  { live, agents }: { live: readonly Live[]; agents?: Omit<AgentOptions, "registry"> | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { home, keys, engines, client, publisher, opener, whenReady, mount, metrics, now } = shared;
  return runCapture(
    {
      pool: engines.capturePool,
      records: engines.stores.records,
      publisher,
      registry: registryClient(client),
      progress: archiveProgressClient(client),
      files: importedFilesClient(client),
      shards: home.facts.shards,
      spoolDir: home.paths.spool,
      linesKey: keyBytes(keys, "lines"),
      scopeKey: keyBytes(keys, "scope"),
      live,
      agents: agents && { ...agents, registry: agentRegistryClient(client) },
      outbound: {
        ...outboundFrom({
          open: () => Promise.resolve({ stream: engines.stream, close: () => Promise.resolve() }),
          opener,
          gateway: client,
        }),
        positionFile: join(home.paths.spool, "outbound-position"),
      },
      whenReady,
      mount,
      log: shared.log("capture"),
      metrics,
      now,
    },
    signal,
  );
}

export function gateway(shared: Shared, signal: AbortSignal): Promise<void> {
  const { keys, engines, client, publisher, mount, metrics, now } = shared;
  return runGateway(
    {
      deployment: shared.home.facts.deployment,
      pool: engines.gatewayPool,
      account: accountClient(client),
      publish: publisher.publish.bind(publisher),
      requestKey: requestKeyFrom(keyBytes(keys, "scope")),
      ...RELAYING,
      mount,
      log: shared.log("gateway"),
      metrics,
      now,
    },
    signal,
  );
}

/** Begins when the records service answers. */
export function retention(shared: Shared, signal: AbortSignal): Promise<void> {
  const { engines, client, metrics, now } = shared;
  const { stores, shards } = engines;
  return shared.whenReady.then(() =>
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
        log: shared.log("retention"),
        metrics,
        now,
      },
      signal,
    ),
  );
}
