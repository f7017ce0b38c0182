import { rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { KafkaSecureAccess, PostgresAccess, S3Credentials } from "@daybook/lab";
import type { DeployedEngines } from "./engines.ts";
import type { Front } from "./front.ts";
import { BUCKETS, COPY_BUCKET } from "./store.ts";

export type ServiceName =
  "capture" | "archiver" | "records" | "evidence" | "gateway" | "retention" | "console" | "migrate";

/** A process of a deployment: a service, and which of several. */
export interface Place {
  readonly service: ServiceName;
  readonly name: string;
  readonly port: number;
  readonly operationsPort: number;
  /** Where the other services find it; its own port unless given. */
  readonly linkPort?: number;
}

export const DEPLOYMENT = "test.example";

/** What the services of one deployment are told in common. */
export interface Told {
  readonly dir: string;
  readonly engines: DeployedEngines;
  readonly shards: number;
  readonly places: readonly Place[];
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly front: Pick<Front, "url" | "innerUrl">;
  /** Settings that a test wants otherwise. */
  readonly more: NodeJS.ProcessEnv;
}

/** Everything that a process of a deployment finds in its environment, secrets in files. */
export async function environmentOf(place: Place, told: Told): Promise<NodeJS.ProcessEnv> {
  const { dir, engines, shards, places, tls } = told;
  const own = join(dir, "services", place.name);
  await mkdir(join(own, "state"), { recursive: true, mode: 0o700 });
  const secret = (name: string, value: string): NodeJS.ProcessEnv => {
    const path = join(own, name.toLowerCase());
    // Nobody may write to one that is there.
    rmSync(path, { force: true });
    writeFileSync(path, value, { mode: 0o400 });
    return { [`${name}_FILE`]: path };
  };
  const given = (service: string, names: Readonly<Record<string, string>>): NodeJS.ProcessEnv =>
    Object.fromEntries(
      Object.entries(names).map(([name, file]) => [`${name}_FILE`, join(dir, "secrets", service, file)]),
    );
  const urls = (service: ServiceName) =>
    places
      .filter((one) => one.service === service)
      .map(({ port, linkPort = port }) => `https://127.0.0.1:${linkPort}`);
  const listening: NodeJS.ProcessEnv = {
    DAYBOOK_TRIAL: "yes",
    DAYBOOK_TRUSTED_PROXIES: "127.0.0.1",
    DAYBOOK_PORT: String(place.port),
    DAYBOOK_OPERATIONS_PORT: String(place.operationsPort),
    DAYBOOK_STOP_SECONDS: "20",
    ...secret("DAYBOOK_TLS_CERTIFICATE", tls.certificate),
    ...secret("DAYBOOK_TLS_KEY", tls.key),
    ...secret("DAYBOOK_CA", engines.authority.ca),
  };
  const common: NodeJS.ProcessEnv = {
    DAYBOOK_DEPLOYMENT: DEPLOYMENT,
    DAYBOOK_SHARDS: String(shards),
    ...given("shared", { DAYBOOK_SERVICE_TOKEN: "service-token" }),
  };
  const kafka = ({ brokers, username, password, ca }: KafkaSecureAccess): NodeJS.ProcessEnv => ({
    DAYBOOK_KAFKA_BROKERS: brokers.join(),
    DAYBOOK_KAFKA_USERNAME: username,
    DAYBOOK_KAFKA_SINGLE_REPLICA: engines.kafka.nodes.length > 1 ? "no" : "yes",
    ...secret("DAYBOOK_KAFKA_PASSWORD", password),
    ...secret("DAYBOOK_KAFKA_CA", ca),
  });
  const identity = (name: string, { accessKeyId, secretAccessKey }: S3Credentials): NodeJS.ProcessEnv => ({
    [`DAYBOOK_S3_${name}ACCESS_KEY_ID`]: accessKeyId,
    ...secret(`DAYBOOK_S3_${name}SECRET_ACCESS_KEY`, secretAccessKey),
  });
  const copy = (of: S3Credentials): NodeJS.ProcessEnv => ({
    DAYBOOK_S3_COPY_ENDPOINT: `https://127.0.0.1:${engines.ports.store}`,
    DAYBOOK_S3_COPY_REGION: engines.store.region,
    DAYBOOK_S3_COPY_BUCKET: COPY_BUCKET,
    ...secret("DAYBOOK_S3_COPY_CA", engines.authority.ca),
    ...identity("COPY_", of),
  });
  const store = (of: S3Credentials): NodeJS.ProcessEnv => ({
    DAYBOOK_S3_ENDPOINT: `https://127.0.0.1:${engines.ports.store}`,
    DAYBOOK_S3_REGION: engines.store.region,
    DAYBOOK_S3_RECORDS_BUCKET: BUCKETS.records,
    DAYBOOK_S3_HEADS_BUCKET: BUCKETS.heads,
    DAYBOOK_S3_KEYRING_BUCKET: BUCKETS.keyring,
    ...secret("DAYBOOK_S3_CA", engines.authority.ca),
    ...identity("", of),
  });
  const postgres = ({ user, password, database }: PostgresAccess): NodeJS.ProcessEnv => ({
    DAYBOOK_POSTGRES_HOST: "127.0.0.1",
    DAYBOOK_POSTGRES_PORT: String(engines.ports.postgres),
    DAYBOOK_POSTGRES_DATABASE: database,
    DAYBOOK_POSTGRES_USER: user,
    ...secret("DAYBOOK_POSTGRES_PASSWORD", password),
    ...secret("DAYBOOK_POSTGRES_CA", engines.postgres.access.tls.ca),
  });
  const recipients = { DAYBOOK_RECIPIENTS_PATH: join(dir, "secrets/shared/recipients.asc") };
  const vkeys = given("shared", { DAYBOOK_LOG_VKEYS: "log-vkeys" });
  const peers = { DAYBOOK_RECORDS_URL: urls("records")[0], DAYBOOK_ARCHIVER_URLS: urls("archiver").join() };
  const reading = (service: string): NodeJS.ProcessEnv => ({
    DAYBOOK_ARCHIVE_KEYS_PATH: join(dir, "secrets", service, "archive-keys"),
    ...given(service, { DAYBOOK_ARCHIVE_PASSPHRASE: "archive-passphrase", DAYBOOK_TOKENS_KEY: "tokens-key" }),
  });
  const { identities, logins } = engines;
  const { logins: brokers } = engines.kafka;
  const services: Record<ServiceName, () => NodeJS.ProcessEnv> = {
    archiver: () => ({
      ...kafka(brokers["daybook-archiver"]!),
      ...store(identities.archiver),
      ...copy(identities.archiver),
      ...identity("PROBE_", identities.probe),
      ...postgres(logins.archiver),
      ...recipients,
      DAYBOOK_RECORDS_URL: peers.DAYBOOK_RECORDS_URL,
      DAYBOOK_CAPTURE_URLS: urls("capture").join(),
      DAYBOOK_LINGER_SECONDS: "1",
      ...given("archiver", {
        DAYBOOK_NAMING_KEY: "naming-key",
        DAYBOOK_LOG_KEY: "log-key",
        DAYBOOK_INGEST_SECRET: "ingest-secret",
        DAYBOOK_TOKENS_KEY: "tokens-key",
      }),
    }),
    records: () => ({
      ...kafka(brokers["daybook-records"]!),
      ...store(identities.records),
      ...copy(identities.records),
      ...postgres(logins.records),
      ...recipients,
      ...vkeys,
      DAYBOOK_ARCHIVER_URLS: peers.DAYBOOK_ARCHIVER_URLS,
      DAYBOOK_STATE_PATH: join(own, "state"),
      DAYBOOK_DATABASE_BACKUP_DAYS: "0",
      DAYBOOK_CONSOLE_ORIGIN: told.front.url,
      ...reading("records"),
      ...given("records", { DAYBOOK_REGISTRY_KEY: "registry-key", DAYBOOK_SCOPE_KEY: "scope-key" }),
    }),
    evidence: () => ({
      ...kafka(brokers["daybook-evidence"]!),
      ...store(identities.evidence),
      ...postgres(logins.evidence),
      ...recipients,
      ...vkeys,
      ...peers,
      ...reading("evidence"),
    }),
    capture: () => ({
      ...kafka(brokers["daybook-capture"]!),
      ...store(identities.capture),
      ...postgres(logins.capture),
      ...peers,
      DAYBOOK_STATE_PATH: join(own, "state"),
      ...given("capture", { DAYBOOK_LINES_KEY: "lines-key", DAYBOOK_SCOPE_KEY: "scope-key" }),
      ...(urls("gateway").length > 0 && {
        DAYBOOK_GATEWAY_URL: urls("gateway")[0],
        ...given("capture", { DAYBOOK_RELAY_KEY: "relay-key" }),
      }),
    }),
    gateway: () => ({
      ...kafka(brokers["daybook-gateway"]!),
      ...postgres(logins.gateway),
      ...peers,
      ...given("gateway", {
        DAYBOOK_REQUEST_KEY: "request-key",
        DAYBOOK_RELAY_PUBLIC_KEY: "relay-public-key",
      }),
    }),
    console: () => ({
      DAYBOOK_URL: told.front.innerUrl,
      DAYBOOK_CONSOLE_ORIGIN: told.front.url,
      ...given("console", { DAYBOOK_CONSOLE_SECRET: "console-secret" }),
    }),
    migrate: () => postgres(logins.owner),
    retention: () => ({
      ...store(identities.retention),
      ...copy(identities.retention),
      ...identity("EXTENDER_", identities.extender),
      ...identity("EXPIRER_", identities.expirer),
      ...peers,
      ...vkeys,
    }),
  };
  // It is no service to the others: what they know in common is not for it.
  const shared = place.service === "console" ? {} : common;
  return { PATH: process.env.PATH, ...listening, ...shared, ...services[place.service](), ...told.more };
}
