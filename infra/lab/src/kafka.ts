import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Engine, startEngine } from "./engine.ts";
import { freePorts } from "./free-port.ts";
import { kafkaLibraries } from "./kafka-install.ts";
import { javaOf } from "./kafka-java.ts";
import { kafkaAnswers } from "./kafka-probe.ts";
import { serverProperties } from "./kafka-settings.ts";

/** A client's way in by SCRAM-SHA-512 over TLS. */
export interface KafkaSecureAccess {
  readonly brokers: readonly string[];
  /** Certificate of the broker, PEM: nobody else vouches for it. */
  readonly ca: string;
  readonly username: string;
  readonly password: string;
}

/** A real single-node Kafka on 127.0.0.1, for tests. */
export interface KafkaEngine extends Engine {
  /** Addresses for clients, without a password. */
  readonly brokers: readonly string[];
  /** Where it listens itself, for a proxy to connect to: the same as in `brokers` unless another was advertised. */
  readonly port: number;
  readonly secure?: KafkaSecureAccess;
  /** The other logins that were asked for, by name. */
  readonly logins: Readonly<Record<string, KafkaSecureAccess>>;
  /** Ends it as `stop` does, SIGKILL unless told, and starts it again on the same ports with what was durable. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Destroys it with its disks, and starts another, empty cluster in its place: same ports, same certificate and user. */
  replace(): Promise<void>;
}

const run = promisify(execFile);

/**
 * Starts a broker with an empty cluster.
 *
 * @param options.dir made when it is not there; must be empty
 * @param options.advertisedPort what it tells clients to connect to, when that is a proxy
 * @param options.secure whether it also offers SCRAM-SHA-512 over TLS (takes `openssl`), and on which port: one that nobody
 *   has, unless given, which it tells clients to connect to unless that is a proxy
 * @param options.logins names of others who may sign in there. When given, even none, they may do only what ACLs allow; the
 *   login of `secure` may do everything
 * @returns undefined when Kafka is not installed
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startKafka(options: {
  dir: string;
  advertisedPort?: number;
  secure?: boolean | { readonly port: number; readonly advertisedPort: number };
  logins?: readonly string[];
}): Promise<KafkaEngine | undefined> {
  const libraries = kafkaLibraries();
  if (!libraries) return undefined;
  const { dir } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const [port, controllerPort, freePort] = (await freePorts(3)) as [number, number, number];
  const secured =
    typeof options.secure === "object" ? options.secure : { port: freePort, advertisedPort: freePort };
  const { advertisedPort = port } = options;
  const keys = options.secure ? await makeKeys(dir) : undefined;
  const accessOf = (username: string, { certificate: ca }: { certificate: string }): KafkaSecureAccess => ({
    brokers: [`127.0.0.1:${secured.advertisedPort}`],
    ca,
    username,
    password: randomBytes(16).toString("hex"),
  });
  const secure = keys && accessOf("daybook", keys);
  const logins = Object.fromEntries(
    keys ? (options.logins ?? []).map((name) => [name, accessOf(name, keys)]) : [],
  );
  const users = secure ? [secure, ...Object.values(logins)] : [];
  const properties = join(dir, "server.properties");
  await writeFile(
    properties,
    serverProperties({
      dir,
      port,
      controllerPort,
      advertisedPort,
      ...(keys && { secure: { ...secured, keystore: keys.keystore } }),
      ...(secure && options.logins && { superUser: secure.username }),
    }),
    { mode: 0o600 },
  );
  await format(libraries, properties, users);

  const start = () =>
    startEngine({
      name: "kafka",
      program: "java",
      args: ["-Xmx256m", ...javaOf(libraries), "kafka.Kafka", properties],
      cwd: dir,
      log: join(dir, "kafka.log"),
      ready: () => kafkaAnswers(port),
    });
  let engine = await start();
  return {
    get pid() {
      return engine.pid;
    },
    brokers: [`127.0.0.1:${advertisedPort}`],
    port,
    ...(secure && { secure }),
    logins,
    signal: (signal) => engine.signal(signal),
    stop: (signal) => engine.stop(signal),
    async restart(signal = "SIGKILL") {
      await engine.stop(signal);
      engine = await start();
    },
    async replace() {
      await engine.stop("SIGKILL");
      await rm(join(dir, "data"), { recursive: true });
      await format(libraries, properties, users);
      engine = await start();
    },
  };
}

async function format(
  libraries: string,
  properties: string,
  users: readonly KafkaSecureAccess[],
): Promise<void> {
  const cluster = randomBytes(16).toString("base64url");
  const scram = users.flatMap(({ username, password }) => [
    "--add-scram",
    `SCRAM-SHA-512=[name=${username},password=${password}]`,
  ]);
  const tool = ["kafka.tools.StorageTool", "format", "--standalone", `--cluster-id=${cluster}`];
  await run("java", ["-Xmx64m", ...javaOf(libraries), ...tool, "-c", properties, ...scram]);
}

/** A key of the broker's own and its certificate, in one PEM file as Kafka wants them. */
async function makeKeys(dir: string): Promise<{ keystore: string; certificate: string }> {
  const [key, certificate, keystore] = ["key.pem", "certificate.pem", "keystore.pem"].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  if (!existsSync(keystore)) {
    await run("openssl", [
      "req",
      "-x509",
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
      ...["-keyout", key, "-out", certificate],
    ]);
    await writeFile(keystore, (await readFile(key, "utf8")) + (await readFile(certificate, "utf8")));
    for (const path of [key, keystore]) await chmod(path, 0o600);
  }
  return { keystore, certificate: await readFile(certificate, "utf8") };
}
