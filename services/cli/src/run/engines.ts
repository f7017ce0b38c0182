import { TOPICS } from "@daybook/contract";
import {
  type CataloguePool,
  checkPostgres,
  openCatalogue,
  type PostgresConnection,
} from "@daybook/catalogue";
import type { Config } from "@daybook/runtime";
import type { S3Connection, S3StoresOptions } from "@daybook/s3";
import { type KafkaStream, type KafkaStreamOptions, openKafkaStream } from "@daybook/stream";
import type { COMMON, KAFKA, POSTGRES, S3 } from "./settings.ts";

const DAY_MS = 86_400_000;

/** The topics of a deployment, and how they are reached. */
export function streamOptions(
  config: Config<typeof KAFKA> & Config<typeof COMMON>,
  service: string,
): KafkaStreamOptions {
  return {
    ...kafkaAccess(config),
    clientId: `daybook-${service}`,
    partitions: {
      [TOPICS.events]: config.DAYBOOK_SHARDS,
      [TOPICS.audit]: 1,
      [TOPICS.outbound]: 1,
      [TOPICS.parked]: 1,
    },
    retentionMs: config.DAYBOOK_STREAM_DAYS * DAY_MS,
    singleReplica: config.DAYBOOK_KAFKA_SINGLE_REPLICA,
  };
}

/** Opens them, and lets them go with `closing`. Errors as `openKafkaStream`. */
export async function openStream(
  config: Config<typeof KAFKA> & Config<typeof COMMON>,
  service: string,
  closing: AsyncDisposableStack,
): Promise<KafkaStream> {
  const stream = await openKafkaStream(streamOptions(config, service));
  closing.defer(() => stream.close());
  return stream;
}

/** How brokers are reached. */
export function kafkaAccess(config: Config<typeof KAFKA>) {
  const { DAYBOOK_KAFKA_CA: ca, DAYBOOK_KAFKA_USERNAME: username, DAYBOOK_KAFKA_PASSWORD: password } = config;
  return {
    brokers: config.DAYBOOK_KAFKA_BROKERS,
    ...(config.DAYBOOK_KAFKA_TLS === "yes" && { ssl: ca === undefined ? {} : { ca } }),
    ...(username !== undefined &&
      password && {
        sasl: { mechanism: "scram-sha-512" as const, username, password: password.reveal() },
      }),
  };
}

/** How the object store is reached by one identity. @param name of the identity's settings; the service's own unless given */
export function s3Access(
  config: Config<typeof S3> & Partial<Record<string, unknown>>,
  of: { readonly accessKeyId: string; readonly secretAccessKey: string } = {
    accessKeyId: config.DAYBOOK_S3_ACCESS_KEY_ID,
    secretAccessKey: config.DAYBOOK_S3_SECRET_ACCESS_KEY.reveal(),
  },
): S3Connection {
  return {
    endpoint: config.DAYBOOK_S3_ENDPOINT,
    region: config.DAYBOOK_S3_REGION,
    credentials: of,
    ...(config.DAYBOOK_S3_CA !== undefined && { ca: config.DAYBOOK_S3_CA }),
  };
}

/** The stores of a deployment, as one service sees them. */
export function s3Stores(config: Config<typeof S3>): S3StoresOptions {
  const copy = {
    endpoint: config.DAYBOOK_S3_COPY_ENDPOINT,
    bucket: config.DAYBOOK_S3_COPY_BUCKET,
    accessKeyId: config.DAYBOOK_S3_COPY_ACCESS_KEY_ID,
    secret: config.DAYBOOK_S3_COPY_SECRET_ACCESS_KEY,
  };
  return {
    ...s3Access(config),
    buckets: bucketsOf(config),
    ...(copy.endpoint !== undefined &&
      copy.bucket !== undefined &&
      copy.accessKeyId !== undefined &&
      copy.secret && {
        keyringCopy: {
          endpoint: copy.endpoint,
          region: config.DAYBOOK_S3_COPY_REGION,
          bucket: copy.bucket,
          credentials: { accessKeyId: copy.accessKeyId, secretAccessKey: copy.secret.reveal() },
          ...(config.DAYBOOK_S3_COPY_CA !== undefined && { ca: config.DAYBOOK_S3_COPY_CA }),
        },
      }),
  };
}

export function bucketsOf(config: Config<typeof S3>): S3StoresOptions["buckets"] {
  return {
    records: config.DAYBOOK_S3_RECORDS_BUCKET,
    heads: config.DAYBOOK_S3_HEADS_BUCKET,
    keyring: config.DAYBOOK_S3_KEYRING_BUCKET,
  };
}

/** Where this service's login finds its database. */
export function database(config: Config<typeof POSTGRES>): PostgresConnection {
  const { DAYBOOK_POSTGRES_PASSWORD: password, DAYBOOK_POSTGRES_CA: ca } = config;
  return {
    host: config.DAYBOOK_POSTGRES_HOST,
    port: config.DAYBOOK_POSTGRES_PORT,
    user: config.DAYBOOK_POSTGRES_USER,
    database: config.DAYBOOK_POSTGRES_DATABASE,
    ...(password && { password: password.reveal() }),
    ...(config.DAYBOOK_POSTGRES_TLS === "yes" && { tls: ca === undefined ? {} : { ca } }),
  };
}

/** Signs in, sees that the login may write the catalogue, and opens it. Errors as `checkPostgres`. */
export async function openWriters(
  config: Config<typeof POSTGRES>,
  closing: AsyncDisposableStack,
): Promise<CataloguePool> {
  await checkPostgres(database(config), { roles: ["catalogue_writer"] });
  const writers = openCatalogue(database(config), "writer");
  closing.defer(() => writers.close());
  return writers;
}

/** The same for reading. */
export async function openReaders(
  config: Config<typeof POSTGRES>,
  closing: AsyncDisposableStack,
): Promise<CataloguePool> {
  await checkPostgres(database(config), { roles: ["catalogue_reader"] });
  const readers = openCatalogue(database(config), "reader");
  closing.defer(() => readers.close());
  return readers;
}

/** What is wrong with settings of the engines beside each other. */
export function engineProblems(config: Partial<Config<typeof KAFKA> & Config<typeof S3>>): string[] {
  const problems: string[] = [];
  const halves = (names: readonly (keyof typeof config)[]) => {
    const missing = names.filter((name) => config[name] === undefined);
    if (missing.length > 0 && missing.length < names.length)
      problems.push(
        ...missing.map((name) => `${name}: is missing beside ${names.find((n) => config[n] !== undefined)}`),
      );
  };
  halves(["DAYBOOK_KAFKA_USERNAME", "DAYBOOK_KAFKA_PASSWORD"]);
  halves([
    "DAYBOOK_S3_COPY_ENDPOINT",
    "DAYBOOK_S3_COPY_BUCKET",
    "DAYBOOK_S3_COPY_ACCESS_KEY_ID",
    "DAYBOOK_S3_COPY_SECRET_ACCESS_KEY",
  ]);
  return problems;
}
