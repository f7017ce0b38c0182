import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Engine, startEngine } from "./engine.ts";
import { javaOf } from "./kafka-java.ts";
import { kafkaAnswers } from "./kafka-probe.ts";
import { type KafkaSettings, serverProperties } from "./kafka-settings.ts";

/** One broker of a cluster. */
export interface KafkaNode extends Engine {
  /** Kafka's own number of it, from 1. */
  readonly id: number;
  /** Ends it as `stop` does, SIGKILL unless told, and starts it again on the same ports with what was durable. */
  restart(signal?: NodeJS.Signals): Promise<void>;
}

/** A broker that can be formatted and started. */
export interface PreparedNode {
  readonly settings: KafkaSettings;
  /** Empties its disk, and makes it a member of a new cluster. */
  format(of: ClusterIdentity): Promise<void>;
  /** @param known resolves when it knows of so many brokers */
  start(known: number): Promise<KafkaNode>;
}

/** What every broker of a cluster is told when its disk is formatted. */
export interface ClusterIdentity {
  readonly id: string;
  /** Who votes, as Kafka writes it: `ID@HOST:PORT:DIRECTORY`, comma-separated. */
  readonly voters: string;
  /** `SCRAM-SHA-512=[...]` of those who may sign in. */
  readonly users: readonly string[];
}

const HEAP = "-Xmx256m";

/** Writes down what a broker is told. @param java what more `java` is told to run it */
export async function prepareNode(
  libraries: string,
  settings: KafkaSettings,
  java: readonly string[] = [],
): Promise<PreparedNode> {
  const { dir, id, port } = settings;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const properties = join(dir, "server.properties");
  await writeFile(properties, serverProperties(settings), { mode: 0o600 });
  const launch = (known: number) =>
    startEngine({
      name: "kafka",
      program: "java",
      args: [HEAP, ...java, ...javaOf(libraries), "kafka.Kafka", properties],
      cwd: dir,
      log: join(dir, "kafka.log"),
      ready: () => kafkaAnswers(port, known),
    });
  return {
    settings,
    async format({ id: cluster, voters, users }) {
      await empty(join(dir, "data"));
      await promisify(execFile)("java", [
        ...["-Xmx64m", ...javaOf(libraries), "kafka.tools.StorageTool", "format"],
        ...[`--cluster-id=${cluster}`, "--initial-controllers", voters, "-c", properties],
        ...users.flatMap((user) => ["--add-scram", user]),
      ]);
    },
    async start(known) {
      let engine = await launch(known);
      return {
        id,
        get pid() {
          return engine.pid;
        },
        signal: (signal) => engine.signal(signal),
        stop: (signal) => engine.stop(signal),
        async restart(signal = "SIGKILL") {
          await engine.stop(signal);
          engine = await launch(1);
        },
      };
    },
  };
}

/** A disk of its own may be mounted there. */
async function empty(data: string): Promise<void> {
  const names = await readdir(data).catch(() => []);
  for (const name of names) await rm(join(data, name), { recursive: true });
}
