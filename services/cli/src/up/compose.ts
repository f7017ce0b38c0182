import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import { ArchiverProgress } from "@daybook/archiver";
import { type AgentOptions, archiveProgressClient, type Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import { createConsole } from "@daybook/console";
import { RecordReader } from "@daybook/openpgp";
import { apiClient, type Logger, Metrics, type Secret, untilAborted } from "@daybook/runtime";
import { createPayloadOpener, createPayloadSealer } from "@daybook/stream";
import type { OutsiderSettings } from "@daybook/witnessing";
import { type Engines, holderOf, openEngines } from "./engines.ts";
import { createHost, newServiceToken } from "../host.ts";
import { IngestKeys } from "../ingest/ingest-keys.ts";
import { streamEnds, turnIngestKeys } from "../ingest/turn-ingest-keys.ts";
import { homeIngestKeys, type Keys } from "./keys.ts";
import { operate, type Ready } from "./operate.ts";
import { sealedPublisher } from "./publisher.ts";
import { signInAt } from "./sign-in.ts";
import {
  archiver,
  capture,
  evidence,
  gateway,
  records,
  retention,
  type Shared,
  witnessing,
} from "./services.ts";

export interface ComposeOptions {
  readonly home: Home;
  readonly keys: Keys;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Where the body is, IANA. */
  readonly zone: string;
  /** Connectors to run besides imports. */
  readonly live: readonly Live[];
  /** How agents on devices are taken; none are, if left out. */
  readonly agents?: Omit<AgentOptions, "registry"> | undefined;
  /** Who is asked to witness and stamp the logs; nobody, if left out. */
  readonly outsiders?: OutsiderSettings;
  readonly log: (service: string) => Logger;
  /** Called once, when everything answers. */
  readonly onReady: (at: Ready) => Promise<void>;
}

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
      // The console is this process: whom it names is who asks.
      trustedProxies: ["loopback"],
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

/** The console at the API's own address, over that API. */
function consoleOf({ home, log, agents }: ComposeOptions, host: Host, metrics: Metrics): RequestListener {
  return createConsole({
    api: apiClient({ url: host.url }),
    origin: originOf(host.port),
    secret: randomBytes(32).toString("base64"),
    sample: home.facts.sample,
    agentsAt: agents && originOf(agents.at.port),
    log: log("console"),
    metrics,
  });
}

/** Where a browser on this machine finds the console: passkeys are of a name, not of an address. */
export function originOf(port: number): string {
  return `http://localhost:${port}`;
}

/** Starts every service, so that one API has them all. */
function start(
  options: ComposeOptions,
  engines: Engines,
  of: { host: Host; metrics: Metrics; ingest: IngestKeys; serviceToken: Secret },
  signal: AbortSignal,
): Promise<void>[] {
  const { home, zone, keys, outsiders } = options;
  const { host, metrics, ingest } = of;
  const { stream, shards } = engines;
  const sealer = createPayloadSealer({ publicKey: () => ingest.current().publicKey });
  const client = apiClient({ url: host.url, token: of.serviceToken.reveal() });
  const vkeys = Object.fromEntries(shards.map(({ shard, signer }) => [shard, signer.vkey]));
  const progress = new ArchiverProgress(shards.map(({ shard }) => shard));
  const becameReady: PromiseWithResolvers<void> = Promise.withResolvers();
  const whenReady = Promise.race([becameReady.promise, untilAborted(signal)]);
  const { options: signIn, entry } = signInAt(home, originOf(host.port));
  const shared: Shared = {
    home,
    zone,
    keys,
    engines,
    sealer,
    opener: createPayloadOpener({ privateKey: (kid) => ingest.privateKey(kid) }),
    publisher: sealedPublisher(stream, sealer),
    client,
    reader: new RecordReader({ stores: engines.stores, holder: holderOf(keys) }),
    progress,
    vkeys,
    whenReady,
    signIn,
    mount: host.mount.bind(host),
    metrics,
    log: options.log,
    now: () => new Date(),
  };
  const services = [
    archiver(shared, signal),
    records(shared, becameReady.resolve, signal),
    evidence(shared, outsiders !== undefined, signal),
    outsiders ? witnessing(shared, outsiders, signal) : untilAborted(signal),
    capture(shared, options, signal),
    gateway(shared, signal),
    retention(shared, signal),
  ];
  host.open(consoleOf(options, host, metrics));

  const archiveProgress = archiveProgressClient(client);
  const archived: Ready["archived"] = async (reached) => {
    for (const [partition, offset] of reached) await archiveProgress.archived(partition, offset);
  };
  return [
    Promise.race([engines.ended, untilAborted(signal)]),
    ...services,
    turnIngestKeys(
      ingest,
      {
        ends: streamEnds(stream, shards),
        positions: () =>
          Promise.resolve(new Map(progress.shards().map(({ shard, position }) => [shard, position]))),
      },
      options.log("daybook"),
      signal,
    ),
    operate(options, { host, metrics, vkeys, archived, entry, whenReady }, signal).finally(() =>
      client.close(),
    ),
  ];
}
