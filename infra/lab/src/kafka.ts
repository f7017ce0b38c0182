import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Engine } from "./engine.ts";
import { freePorts } from "./free-port.ts";
import { kafkaLibraries } from "./kafka-install.ts";
import { type KafkaNode, prepareNode, type PreparedNode } from "./kafka-node.ts";

/** A client's way in by SCRAM-SHA-512 over TLS. */
export interface KafkaSecureAccess {
  readonly brokers: readonly string[];
  /** Certificate of the broker, PEM: nobody else vouches for it. */
  readonly ca: string;
  readonly username: string;
  readonly password: string;
}

/** A real Kafka on 127.0.0.1, for tests: one broker, or a cluster. What is done to it is done to each of its brokers. */
export interface KafkaEngine extends Engine {
  /** Its brokers, in order of their ids; `pid` is the first's. */
  readonly nodes: readonly KafkaNode[];
  /** Addresses for clients, without a password, of each broker. */
  readonly brokers: readonly string[];
  /** Where the first broker listens itself, for a proxy to connect to: as in `brokers` unless another was advertised. */
  readonly port: number;
  readonly secure?: KafkaSecureAccess;
  /** The other logins that were asked for, by name. */
  readonly logins: Readonly<Record<string, KafkaSecureAccess>>;
  /** Ends it as `stop` does, SIGKILL unless told, and starts it again on the same ports with what was durable. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Destroys it with its disks, and starts another, empty cluster in its place: same ports, same certificate and user. */
  replace(): Promise<void>;
}

/** Where a broker listens for SCRAM-SHA-512 over TLS, and what it tells clients to connect to. */
export interface SecurePort {
  readonly port: number;
  readonly advertisedPort: number;
}

const USERNAME = "daybook";
const ID_BYTES = 16;

/**
 * Starts an empty cluster, of which every broker is a controller too.
 *
 * @param options.dir made when it is not there; must be empty
 * @param options.brokers how many: 1 unless given. Three go on when one is lost. Each takes 350 MB of memory
 * @param options.advertisedPort what a single broker tells clients to connect to, when that is a proxy
 * @param options.secure whether it also offers SCRAM-SHA-512 over TLS (takes `openssl`), and on which port of each broker:
 *   one that nobody has, unless given, which it tells clients to connect to unless that is a proxy
 * @param options.logins names of others who may sign in there. When given, even none, they may do only what ACLs allow; the
 *   login of `secure` may do everything
 * @param options.java what more `java` is told when it runs a broker
 * @returns undefined when Kafka is not installed
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startKafka(options: {
  dir: string;
  brokers?: number;
  advertisedPort?: number;
  secure?: boolean | readonly SecurePort[];
  logins?: readonly string[];
  java?: readonly string[];
}): Promise<KafkaEngine | undefined> {
  const libraries = kafkaLibraries();
  if (!libraries) return undefined;
  const { dir, brokers: count = 1 } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const places = await placesOf(count, options);
  const keys = options.secure ? await makeKeys(dir) : undefined;
  const accessOf = (username: string, { certificate: ca }: { certificate: string }): KafkaSecureAccess => ({
    brokers: places.map((place) => `127.0.0.1:${place.secure.advertisedPort}`),
    ca,
    username,
    password: randomBytes(16).toString("hex"),
  });
  const secure = keys && accessOf(USERNAME, keys);
  const logins = Object.fromEntries(
    keys ? (options.logins ?? []).map((name) => [name, accessOf(name, keys)]) : [],
  );
  const controllerPorts = places.map(({ controllerPort }) => controllerPort);
  const prepared: PreparedNode[] = [];
  for (const { secure: securePort, ...place } of places) {
    const settings = {
      ...place,
      dir: count === 1 ? dir : join(dir, `broker-${place.id}`),
      controllerPorts,
      ...(keys && { secure: { ...securePort, keystore: keys.keystore } }),
      ...(secure && options.logins && { superUser: secure.username }),
    };
    prepared.push(await prepareNode(libraries, settings, options.java));
  }
  const start = () => startEmpty(prepared, secure ? [secure, ...Object.values(logins)] : []);
  let nodes = await start();
  const each = async (work: (node: KafkaNode) => Promise<void>) => {
    await Promise.all(nodes.map(work));
  };
  return {
    get nodes() {
      return nodes;
    },
    get pid() {
      return nodes[0]?.pid ?? 0;
    },
    brokers: places.map(({ advertisedPort }) => `127.0.0.1:${advertisedPort}`),
    port: places[0]?.port ?? 0,
    ...(secure && { secure }),
    logins,
    signal: (signal) => nodes.forEach((node) => node.signal(signal)),
    stop: (signal) => each((node) => node.stop(signal)),
    restart: (signal) => each((node) => node.restart(signal)),
    async replace() {
      await each((node) => node.stop("SIGKILL"));
      nodes = await start();
    },
  };
}

/** Where each broker listens. */
async function placesOf(
  count: number,
  { advertisedPort, secure }: { advertisedPort?: number; secure?: boolean | readonly SecurePort[] },
) {
  const given = typeof secure === "object" ? secure : [];
  const places = [];
  for (let id = 1; id <= count; id += 1) {
    const [port, controllerPort, free] = (await freePorts(3)) as [number, number, number];
    places.push({
      id,
      port,
      controllerPort,
      advertisedPort: advertisedPort ?? port,
      secure: given[id - 1] ?? { port: free, advertisedPort: free },
    });
  }
  return places;
}

/** Formats every broker's disk for a cluster of its own, and starts them all. */
async function startEmpty(
  prepared: readonly PreparedNode[],
  users: readonly KafkaSecureAccess[],
): Promise<KafkaNode[]> {
  const identity = {
    id: randomId(),
    voters: prepared
      .map(({ settings: { id, controllerPort } }) => `${id}@127.0.0.1:${controllerPort}:${randomId()}`)
      .join(","),
    users: users.map(({ username, password }) => `SCRAM-SHA-512=[name=${username},password=${password}]`),
  };
  await Promise.all(prepared.map((node) => node.format(identity)));
  const started = await Promise.allSettled(prepared.map((node) => node.start(prepared.length)));
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (!failed) return nodes;
  await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
  throw failed.reason;
}

/** As Kafka writes its ids; it takes none that begins with a dash for an option's value. */
function randomId(): string {
  const id = randomBytes(ID_BYTES).toString("base64url");
  return id.startsWith("-") ? randomId() : id;
}

/** A key of the brokers' own and its certificate, in one PEM file as Kafka wants them. */
async function makeKeys(dir: string): Promise<{ keystore: string; certificate: string }> {
  const [key, certificate, keystore] = ["key.pem", "certificate.pem", "keystore.pem"].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  if (!existsSync(keystore)) {
    await promisify(execFile)("openssl", [
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
