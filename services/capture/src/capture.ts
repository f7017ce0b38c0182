import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ArchiveError, type LockedWriter } from "@daybook/archive-core";
import { type Connector, ConnectorError, type Network, type Method } from "@daybook/contract";
import { type Logger, type Metrics, type Route, untilAborted } from "@daybook/runtime";
import type { Pool } from "pg";
import { type AgentOptions, Agents } from "./agents/agents.ts";
import { CaptureError, importError } from "./error.ts";
import { importFile, type ImportResult } from "./import.ts";
import type { ImportRequest } from "./record-chat.ts";
import { Jobs } from "./jobs.ts";
import { DeviceChanges } from "./linking/device-changes.ts";
import { LinkChanges } from "./linking/link-changes.ts";
import { type LinkedConnector, Links } from "./linking/links.ts";
import { questionRoutes } from "./linking/question-routes.ts";
import { showLinks } from "./linking/show-links.ts";
import { linkRoutes } from "./linking/routes.ts";
import { selfLinkRoutes } from "./linking/self-routes.ts";
import { ImportedLines } from "./lines.ts";
import type { ArchiveProgress, ImportedFiles, Publisher, Registry } from "./ports.ts";
import { type RelayAccount, type RelayingOptions, runRelaying } from "./relay/relaying.ts";
import { relearn } from "./relearn.ts";
import { importRoutes } from "./routes.ts";
import { Scope } from "./scope.ts";
import { type CaptureSink, createSink } from "./sink.ts";
import { untilAnswered } from "./until-answered.ts";
import type { Upload } from "./upload.ts";

/** A connector that capture runs, and the accounts that it speaks for. */
export interface Live {
  readonly name: string;
  readonly accounts: readonly {
    custodian: string;
    network: Network;
    method: Method;
    /** As its events name it. */
    identifier?: string;
  }[];
  /** Other custodians whom its records name: those who had one of its accounts before, or will have it. */
  readonly holders?: readonly string[];
  /** What its accounts are, where it links them or tells how their links stand. */
  readonly links?: { readonly network: Network; readonly method: Method };
  /** Makes the connector, once the registry knows its custodians. */
  readonly connect: (custodian: (name: string) => { id: string; name: string }) => Connector;
  /** Told when it has ended by itself, with the offsets it reached. */
  readonly onEnd?: (reached: ReadonlyMap<number, number>) => Promise<void>;
}

export interface CaptureOptions {
  readonly pool: Pool;
  readonly records: LockedWriter;
  readonly publisher: Publisher;
  readonly registry: Registry;
  readonly progress: ArchiveProgress;
  readonly files: ImportedFiles;
  /** Shards of the deployment, without `audit`. */
  readonly shards: number;
  /** For what is on its way: only ciphertext is written there. */
  readonly spoolDir: string;
  /** 32 bytes: blinds what imports remember. */
  readonly linesKey: Uint8Array;
  /** 32 bytes: blinds conversations in scope rules. */
  readonly scopeKey: Uint8Array;
  readonly maxUploadBytes?: number;
  readonly maxAttachmentBytes?: number;
  readonly live?: readonly Live[];
  /** Agents on devices: they come to a listener of their own. */
  readonly agents?: AgentOptions | undefined;
  /** Messages to send from the accounts of `live`; none are, where it is left out. */
  readonly outbound?: Omit<RelayingOptions, "account" | "log">;
  /** Connectors run from then on: when the registry answers. */
  readonly whenReady?: Promise<void>;
  readonly mount: (routes: readonly Route[]) => void;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly now?: () => Date;
}

const GIB = 1024 ** 3;
const SCOPE_REFRESH_MS = 5_000;

/**
 * Runs connectors and imports into the stream until `signal` aborts. Owns the schema `capture`. Rejects when a
 * connector needs an operator. A connector starts when the registry answers, and goes on by the scope that was read
 * last while it does not; what it captures needs no database, which imports alone wait for.
 */
export async function runCapture(options: CaptureOptions, signal: AbortSignal): Promise<void> {
  const { pool, registry, spoolDir, log, now = () => new Date() } = options;
  const maxBytes = options.maxUploadBytes ?? 20 * GIB;
  const lines = new ImportedLines(pool, options.linesKey);
  const jobs = new Jobs<ImportResult>();
  const newSink = async () => sinkWithScope(options, now);
  let migrating: Promise<void> | undefined;
  const migrated = () =>
    (migrating ??= lines.migrate().catch((error: unknown) => {
      migrating = undefined;
      throw error;
    }));
  const start = (upload: Upload, request: ImportRequest) =>
    jobs.start(
      async (progress) => {
        try {
          await migrated();
          await relearn(lines, options.files, { spoolDir, maxBytes });
          return await importFile(
            upload,
            request,
            { lines, registry, progress: options.progress, newSink, now },
            progress,
          );
        } finally {
          await upload.remove();
        }
      },
      (error) => toldOf(importError(error), log),
    );
  const ready = sweepSpool(spoolDir);
  const links = new Links({ registry, log, now });
  const starting = new Set((options.live ?? []).flatMap((live) => live.links ?? []));
  const running: Running = { relays: [], linked: [], starting, now };
  const connectors = () => running.linked;
  const changes = new LinkChanges(pool, options.scopeKey);
  const devices = new DeviceChanges({ changes, connectors, log, now });
  options.mount([
    ...importRoutes({ jobs, spoolDir, maxUploadBytes: maxBytes, ready, start }),
    ...linkRoutes(links, connectors, () => [...running.starting], devices),
    ...selfLinkRoutes({ links, registry, connectors, starting: () => [...running.starting] }),
    ...questionRoutes(devices),
  ]);
  if (options.metrics) showLinks(() => running.linked, options.metrics, now);
  await ready;
  try {
    await Promise.all([
      migrated().catch((err: unknown) => log.warn({ err }, "imports wait for the database")),
      ...(options.live ?? []).map((live) => runLive(live, options, running, signal)),
      options.agents && runAgents(options.agents, options, running, signal),
      options.outbound &&
        runRelaying(
          {
            ...options.outbound,
            account: (network, account) =>
              running.relays.find((one) => one.network === network && one.relay.has(account)),
            log,
          },
          signal,
        ),
      devices.watch(signal),
      untilAborted(signal),
    ]);
  } finally {
    await links.close();
  }
  await jobs.settled();
}

/** What connectors offer besides capturing, while they run. */
interface Running {
  readonly relays: RelayAccount[];
  readonly linked: LinkedConnector[];
  /** Of those that are not running yet: they wait for the registry. */
  readonly starting: Set<NonNullable<Live["links"]>>;
  readonly now: () => Date;
}

async function runLive(
  live: Live,
  options: CaptureOptions,
  { relays, linked, starting, now }: Running,
  signal: AbortSignal,
): Promise<void> {
  await options.whenReady;
  const { registry, log } = options;
  const actor = `connector:${live.name}`;
  const custodians = new Map<string, { id: string; name: string }>();
  const begin = async () => {
    for (const { custodian, ...account } of live.accounts) {
      const known = await registry.custodian(custodian, actor);
      custodians.set(custodian, known);
      await registry.account({ ...account, custodian: known.id, actor });
    }
    for (const name of live.holders ?? [])
      if (!custodians.has(name)) custodians.set(name, await registry.custodian(name, actor));
    return sinkWithScope(options, now);
  };
  const sink = await untilAnswered(begin, log, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (!sink || signal.aborted) return;
  const connector = live.connect((name) => {
    const known = custodians.get(name);
    if (!known)
      throw new ConnectorError("event-invalid", "a connector named a custodian that it did not declare");
    return known;
  });
  const { relay, linker } = connector;
  for (const { network, method } of [...live.accounts, ...(live.links ? [live.links] : [])]) {
    if (relay) relays.push({ network, relay, sink, method });
  }
  if (live.links) {
    starting.delete(live.links);
    linked.push({
      ...live.links,
      ...(linker && { linker }),
      health: () => connector.health?.() ?? [],
      record: (captured) => sink.state(captured),
    });
  }
  await connector.run(sink, signal);
  await live.onEnd?.(sink.reached);
}

async function runAgents(
  agents: AgentOptions,
  options: CaptureOptions,
  { linked, now }: Running,
  signal: AbortSignal,
): Promise<void> {
  await options.whenReady;
  const { pool, spoolDir, log, metrics } = options;
  const sink = await untilAnswered(() => sinkWithScope(options, now), log, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (!sink || signal.aborted) return;
  const running = new Agents({ ...agents, pool, sink, spoolDir, log, metrics, now });
  linked.push(...running.linked);
  await running.run(signal);
}

/** A sink whose scope follows the registry, looked up again every few seconds. */
async function sinkWithScope(options: CaptureOptions, now: () => Date): Promise<CaptureSink> {
  const { registry, scopeKey, records, publisher, shards, spoolDir, log } = options;
  const { maxAttachmentBytes = 5 * GIB } = options;
  let scope = new Scope(await registry.scope(), scopeKey);
  let readAt = now().getTime();
  return createSink({
    publisher,
    records,
    shards,
    spoolDir,
    now,
    maxBytes: maxAttachmentBytes,
    scope: async () => {
      if (now().getTime() - readAt < SCOPE_REFRESH_MS) return scope;
      readAt = now().getTime();
      try {
        scope = new Scope(await registry.scope(), scopeKey);
      } catch (err) {
        if (!(err instanceof CaptureError) || !err.retryable) throw err;
        log.warn({ err }, "the scope cannot be read: going on by the one that was read last");
      }
      return scope;
    },
  });
}

/** What an earlier process left on its way cannot be read any more: its keys died with it. */
async function sweepSpool(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (/^(upload|attachment)-/.test(name)) await rm(join(dir, name), { force: true });
  }
}

function toldOf(error: unknown, log: Logger): { code: string; message: string } {
  if (error instanceof CaptureError) return { code: error.code, message: error.message };
  if (error instanceof ConnectorError || error instanceof ArchiveError) {
    log.error({ code: error.code }, "an import failed");
    return { code: error.code, message: error.message };
  }
  log.error({ err: error }, "an import failed");
  return { code: "failed", message: "the import failed: see the server's log; importing again is harmless" };
}
