import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deployDatabase, type DeployedLogin } from "@daybook/catalogue/testing";
import {
  type Authority,
  freePorts,
  type KafkaEngine,
  makeAuthority,
  type PostgresAccess,
  type PostgresEngine,
  type Proxy,
  type S3Credentials,
  type S3Engine,
  startKafka,
  startLabPostgres,
  startToxiproxy,
  type Toxiproxy,
} from "@daybook/lab";
import type { IdentityName } from "@daybook/s3/testing";
import { type Denial, startStore, type StoreName } from "./store.ts";
import { KAFKA_LOGINS, makeTopics } from "./topics.ts";

/** What a deployment stands on, each engine reached through a proxy that a test can spoil. */
export interface DeployedEngines {
  readonly kafka: KafkaEngine;
  readonly store: S3Engine;
  readonly postgres: PostgresEngine;
  readonly toxiproxy: Toxiproxy;
  readonly links: Readonly<Record<"kafka" | "store" | "postgres", Proxy>>;
  /** Where the services find them: the proxies, or without them the engines themselves. Kafka tells of its own. */
  readonly ports: Readonly<Record<"store" | "postgres", number>>;
  /** A line for each request to the store, where it was asked for. */
  readonly storeLog: string | undefined;
  /** Vouches for the store and the services. */
  readonly authority: Authority;
  readonly identities: Readonly<Record<IdentityName, S3Credentials>>;
  /** Sets the store's policies again, with nothing denied beyond what they say but this. */
  readonly deny: (denials: readonly Denial[]) => Promise<void>;
  readonly logins: Readonly<Record<DeployedLogin, PostgresAccess>>;
  stop(): Promise<void>;
}

/** @returns `host:port` of what speaks for the store from now on, with a certificate of this authority */
export type BeforeStore = (endpoint: string, authority: Authority) => Promise<string>;

/**
 * Starts every engine with TLS and passwords on, makes topics, buckets, policies and logins as `infra/deploy` says.
 *
 * @param options.store which of the lab's: versitygw, unless given
 * @param options.measured leaves the proxies out of the services' way, and has the store keep connections and write down requests
 * @param options.brokers of Kafka: 1 unless given; three hold every message three times, and go on with two
 * @param options.beforeStore puts something between the store and its link
 * @returns undefined when one of them is not installed
 */
export async function startEngines(
  dir: string,
  shards: number,
  {
    store: storeName = "versitygw",
    measured = false,
    brokers = 1,
    beforeStore = async (endpoint) => new URL(endpoint).host,
  }: {
    store?: StoreName | undefined;
    measured?: boolean;
    brokers?: number | undefined;
    beforeStore?: BeforeStore | undefined;
  } = {},
): Promise<DeployedEngines | undefined> {
  const at = async (name: string) => {
    await mkdir(join(dir, name), { recursive: true, mode: 0o700 });
    return join(dir, name);
  };
  await using started = new AsyncDisposableStack();
  const toxiproxy = await startToxiproxy({ dir: await at("toxiproxy") });
  if (!toxiproxy) return undefined;
  started.defer(() => toxiproxy.stop("SIGKILL"));
  const kafkaPorts = await freePorts(brokers);
  const kafkaLinks = await Promise.all(
    kafkaPorts.map((port, i) => toxiproxy.proxy(`kafka-${i + 1}`, `127.0.0.1:${port}`)),
  );
  const kafka = await startKafka({
    dir: await at("kafka"),
    brokers,
    secure: kafkaPorts.map((port, i) => ({
      port,
      advertisedPort: measured ? port : kafkaLinks[i]!.port,
    })),
    logins: KAFKA_LOGINS,
  });
  if (!kafka) return undefined;
  started.defer(() => kafka.stop("SIGKILL"));
  await makeTopics(kafka, shards);

  const authority = await makeAuthority(await at("certificates"));
  const { key, certificate } = await authority.issue({ subject: "store", names: ["IP:127.0.0.1"] });
  const tls = { key: join(dir, "certificates/store.key"), cert: join(dir, "certificates/store.pem") };
  await writeFile(tls.key, key, { mode: 0o600 });
  await writeFile(tls.cert, certificate);
  const storeLog = measured && storeName === "versitygw" ? join(dir, "store/requests.log") : undefined;
  const deployed = await startStore(storeName, {
    dir: await at("store"),
    tls: { ...tls, ca: authority.ca },
    requestLog: storeLog,
    keepAlive: measured,
  });
  if (!deployed) return undefined;
  const { engine: store, identities, deny } = deployed;
  started.defer(() => store.stop("SIGKILL"));

  const postgres = await startLabPostgres({ dir: await at("postgres"), durable: measured });
  if (!postgres) return undefined;
  started.defer(() => postgres.stop("SIGKILL"));
  const logins = await deployDatabase(postgres);

  const links = {
    kafka: asOne(kafkaLinks),
    store: await toxiproxy.proxy("store", await beforeStore(store.endpoint, authority)),
    postgres: await toxiproxy.proxy("postgres", `127.0.0.1:${postgres.port}`),
  };
  const ports = measured
    ? { store: Number(new URL(store.endpoint).port), postgres: postgres.port }
    : { store: links.store.port, postgres: links.postgres.port };
  const engines = started.move();
  return {
    kafka,
    store,
    postgres,
    toxiproxy,
    links,
    ports,
    storeLog,
    authority,
    identities,
    deny,
    logins,
    stop: () => engines.disposeAsync(),
  };
}

/** Several ways as one: what is done to it is done to each. */
function asOne(ways: readonly Proxy[]): Proxy {
  const each = async (work: (way: Proxy) => Promise<void>) => {
    await Promise.all(ways.map(work));
  };
  return {
    port: ways[0]!.port,
    toxic: (...toxic) => each((way) => way.toxic(...toxic)),
    cut: () => each((way) => way.cut()),
    heal: () => each((way) => way.heal()),
    remove: () => each((way) => way.remove()),
  };
}
