import { type Secret, secret, secretKey } from "@daybook/runtime";
import { z } from "zod";

const text = () => z.string().min(1).max(1_024);
const list = () =>
  z
    .string()
    .transform((value) => value.split(",").map((one) => one.trim()))
    .pipe(z.array(text()).min(1).max(100));
const port = () => z.coerce.number<string>().int().min(1).max(65_535);
const flag = () =>
  z
    .enum(["yes", "no"], "must be yes or no")
    .transform((value) => value === "yes")
    .default(false);
const days = (least: number, most: number) => z.coerce.number<string>().int().min(least).max(most);
export const pem = () => z.string().regex(/-----BEGIN [A-Z ]+-----/, "must be PEM");
const url = () => z.url({ protocol: /^https?$/, error: "must look like https://HOST[:PORT]" });

const network = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])
  .refine((value) => !value.endsWith("/0"), { error: "must not be everybody" });

/** What every process is told that listens. */
export const LISTENING = {
  DAYBOOK_TRIAL: flag().describe("says wherever it shows that the messages are made up"),
  DAYBOOK_HOST: text().default("127.0.0.1").describe("address to listen on"),
  DAYBOOK_PORT: port().default(4480).describe("port of the API, or of the console"),
  DAYBOOK_OPERATIONS_PORT: port().optional().describe("port of health, readiness and metrics: the next one"),
  DAYBOOK_HOSTNAMES: list().optional().describe("names, comma-separated, by which this service is called"),
  DAYBOOK_TRUSTED_PROXIES: list()
    .pipe(z.array(network))
    .optional()
    .describe(
      "addresses or networks (10.0.0.0/8), comma-separated, of the proxies in front: who they say asks, by X-Forwarded-For, " +
        "is whom the limit on wrong tokens holds for",
    ),
  DAYBOOK_TLS_CERTIFICATE: pem()
    .optional()
    .describe("certificate to listen with, PEM; without it, plain HTTP"),
  DAYBOOK_TLS_KEY: secret().optional().describe("its key, PEM"),
  DAYBOOK_CA: pem().optional().describe("certificates that vouch for the other services, PEM"),
  DAYBOOK_LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug"])
    .default("info")
    .describe("how much is logged"),
  DAYBOOK_STOP_SECONDS: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(600)
    .default(30)
    .describe("for what was begun, at a stop: then the process ends"),
};

/** What every service is told. */
export const COMMON = {
  ...LISTENING,
  DAYBOOK_DEPLOYMENT: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, "must be a name of lower-case letters, digits, dots and hyphens")
    .describe("name of the deployment: it begins the name of every log, and never changes"),
  DAYBOOK_SHARDS: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(1_000)
    .default(12)
    .describe("shards besides `audit`: fixed when the deployment is created"),
  DAYBOOK_SERVICE_TOKEN: secret().describe("by which the services know each other"),
};

/** Where records and archivers are. */
export const PEERS = {
  DAYBOOK_RECORDS_URL: url().describe("the records service"),
  DAYBOOK_ARCHIVER_URLS: list().pipe(z.array(url())).describe("every archiver, comma-separated"),
};

export const KAFKA = {
  DAYBOOK_KAFKA_BROKERS: list().describe("HOST:PORT of some brokers, comma-separated"),
  DAYBOOK_KAFKA_CA: pem().optional().describe("certificates that vouch for the brokers, PEM: the system's"),
  DAYBOOK_KAFKA_TLS: z
    .enum(["yes", "no"], "must be yes or no")
    .default("yes")
    .describe("`no` only where nobody can listen in between"),
  DAYBOOK_KAFKA_USERNAME: text().optional().describe("SCRAM-SHA-512"),
  DAYBOOK_KAFKA_PASSWORD: secret().optional().describe("SCRAM-SHA-512"),
  DAYBOOK_KAFKA_SINGLE_REPLICA: flag().describe(
    "takes topics of one replica: whoever loses that disk loses messages",
  ),
  DAYBOOK_STREAM_DAYS: days(1, 90).default(7).describe("days that the topics keep messages at least"),
};

export const S3 = {
  DAYBOOK_S3_ENDPOINT: url().describe("the object store"),
  DAYBOOK_S3_REGION: text().default("us-east-1").describe("its region"),
  DAYBOOK_S3_CA: pem().optional().describe("certificates that vouch for it, PEM: the system's"),
  DAYBOOK_S3_ACCESS_KEY_ID: text().describe("this service's own identity there"),
  DAYBOOK_S3_SECRET_ACCESS_KEY: secret().describe("its secret"),
  DAYBOOK_S3_RECORDS_BUCKET: text().describe("versioned, with Object Lock"),
  DAYBOOK_S3_HEADS_BUCKET: text().describe("neither versioned nor locked"),
  DAYBOOK_S3_KEYRING_BUCKET: text().describe("neither versioned nor locked"),
  DAYBOOK_S3_COPY_ENDPOINT: url().optional().describe("the store of the keyring's second home"),
  DAYBOOK_S3_COPY_REGION: text().default("us-east-1").describe("its region"),
  DAYBOOK_S3_COPY_CA: pem().optional().describe("certificates that vouch for it, PEM"),
  DAYBOOK_S3_COPY_BUCKET: text().optional().describe("neither versioned nor locked"),
  DAYBOOK_S3_COPY_ACCESS_KEY_ID: text().optional().describe("this service's identity there"),
  DAYBOOK_S3_COPY_SECRET_ACCESS_KEY: secret().optional().describe("its secret"),
};

/** The settings of one more identity at the object store. */
export type Identity<Name extends "PROBE" | "EXTENDER" | "EXPIRER"> = Record<
  `DAYBOOK_S3_${Name}_ACCESS_KEY_ID`,
  z.ZodString
> &
  Record<`DAYBOOK_S3_${Name}_SECRET_ACCESS_KEY`, ReturnType<typeof secret>>;

/** @param does completes "the identity that" */
export function identity<const Name extends "PROBE" | "EXTENDER" | "EXPIRER">(
  name: Name,
  does: string,
): Identity<Name> {
  return {
    [`DAYBOOK_S3_${name}_ACCESS_KEY_ID`]: text().describe(`the identity that ${does}`),
    [`DAYBOOK_S3_${name}_SECRET_ACCESS_KEY`]: secret().describe("its secret"),
  } as Identity<Name>;
}

export const POSTGRES = {
  DAYBOOK_POSTGRES_HOST: text().describe("host, or the directory of a socket"),
  DAYBOOK_POSTGRES_PORT: port().default(5432).describe("port"),
  DAYBOOK_POSTGRES_DATABASE: text().default("daybook").describe("database"),
  DAYBOOK_POSTGRES_USER: text().describe("this service's own login"),
  DAYBOOK_POSTGRES_PASSWORD: secret().optional().describe("its password"),
  DAYBOOK_POSTGRES_CA: pem().optional().describe("certificates that vouch for the server, PEM: the system's"),
  DAYBOOK_POSTGRES_TLS: z
    .enum(["yes", "no"], "must be yes or no")
    .default("yes")
    .describe("`no` only for a socket, or where nobody can listen in between"),
};

/** Days that objects are locked for. */
export const PERIODS = {
  DAYBOOK_LOCK_DAYS: days(2, 36_500).default(400).describe("days that an object is locked for"),
  DAYBOOK_MIN_LOCK_DAYS: days(1, 36_500)
    .default(200)
    .describe("a live record's lock with fewer days left is an alert"),
};

/** How long what is outside of Daybook's hands keeps what was there. */
export const KEPT_ELSEWHERE = {
  DAYBOOK_SNAPSHOT_DAYS: days(1, 400).default(35).describe("days that copies of the keyring are locked for"),
  DAYBOOK_DATABASE_BACKUP_DAYS: days(0, 3_650).describe(
    "days that backups of the database are kept: 0 for none",
  ),
};

export const key = (does: string) => secretKey().describe(`32 random bytes, base64: ${does}`);

/** The bytes of a key. */
export function bytes(of: Secret): Buffer {
  return Buffer.from(of.reveal(), "base64");
}

/** Keys that several services hold. */
export const KEYS = {
  tokens: { DAYBOOK_TOKENS_KEY: key("blinds words and identifiers in the catalogue") },
  scope: { DAYBOOK_SCOPE_KEY: key("blinds conversations in scope rules") },
  recipients: {
    DAYBOOK_RECIPIENTS_PATH: text().describe(
      "file of the OpenPGP public keys that key blocks are sealed to: read again",
    ),
  },
  reading: {
    DAYBOOK_ARCHIVE_KEYS_PATH: text().describe(
      "folder of the archive's OpenPGP private keys, under their passphrase",
    ),
    DAYBOOK_ARCHIVE_PASSPHRASE: secret().describe("that passphrase"),
  },
  vkeys: {
    DAYBOOK_LOG_VKEYS: z
      .string()
      .max(1024 * 1024)
      .describe("verifier keys of the logs, one a line"),
  },
};
