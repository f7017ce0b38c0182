import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { KafkaEngine } from "@daybook/lab";
// Node finds only some of kafkajs's exports by name.
import kafkajs, { type AclEntry, type ITopicConfig } from "kafkajs";

export const MAKE_TOPICS = resolve(import.meta.dirname, "../../infra/deploy/kafka/make-topics.sh");
const PROGRAMS = ["kafka-topics.sh", "kafka-configs.sh", "kafka-acls.sh"] as const;
/** Who signs in to Kafka. */
export const KAFKA_LOGINS = ["archiver", "capture", "records", "evidence", "gateway", "witnessing"].map(
  (service) => `daybook-${service}`,
);

/** What `make-topics.sh` has Kafka's programs do on a new cluster. */
export interface TopicsPlan {
  readonly topics: readonly ITopicConfig[];
  readonly acls: readonly AclEntry[];
}

/**
 * Makes every topic and says who may do what with them, as `make-topics.sh` has it on a new cluster: the script runs, and
 * what it calls Kafka's programs for is done by kafkajs. Each of them would start a Java machine of its own, a second or
 * two, before every test. `kafka-rights.test.ts` shows that it comes to the same.
 */
export async function makeTopics(kafka: KafkaEngine, shards: number): Promise<void> {
  const { topics, acls } = await planTopics(shards, kafka.nodes.length);
  const admin = new kafkajs.Kafka({
    brokers: [...kafka.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin();
  await admin.connect();
  // A broker whose heartbeats were late, on processors that others have, counts for no replica until the next.
  await patiently(() => admin.createTopics({ waitForLeaders: false, topics: [...topics] }));
  await patiently(async () => {
    const found = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
    const leaders = found.topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader));
    if (leaders.includes(-1)) throw new Error("a partition has no leader yet");
  });
  await admin.createAcls({ acl: [...acls] });
  await admin.disconnect();
}

const PATIENCE_MS = 120_000;
const PAUSE_MS = 500;

async function patiently(ask: () => Promise<unknown>): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

/** @throws {Error} when the script calls for what is not understood here */
export async function planTopics(shards: number, replicas = 1): Promise<TopicsPlan> {
  const calls = await callsOf([String(shards)], replicas);
  const topics: ITopicConfig[] = [];
  const acls: AclEntry[] = [];
  for (const { program, flags } of calls) {
    if (program === "kafka-topics.sh" && flags.has("create")) topics.push(topicOf(flags));
    else if (program === "kafka-acls.sh" && flags.has("add")) acls.push(...aclsOf(flags));
    else if (!(program === "kafka-topics.sh" && flags.has("list")))
      throw new Error(`not understood: ${program} ${[...flags.keys()].join(" ")}`);
  }
  return { topics, acls };
}

interface Call {
  readonly program: string;
  readonly flags: Flags;
}
type Flags = ReadonlyMap<string, readonly string[]>;

/** Runs the script with programs that only write down how they are called. */
async function callsOf(args: readonly string[], replicas: number): Promise<Call[]> {
  const bin = await mkdtemp(join(tmpdir(), "daybook-topics-"));
  try {
    const written = join(bin, "calls");
    for (const program of PROGRAMS) {
      const path = join(bin, program);
      await writeFile(path, `#!/bin/sh\nprintf '%s\\n' ${program} "$@" '' >>"${written}"\n`);
      await chmod(path, 0o700);
    }
    await promisify(execFile)("sh", [MAKE_TOPICS, ...args], {
      env: {
        PATH: process.env.PATH,
        KAFKA_BIN: bin,
        BOOTSTRAP: "nowhere:1",
        CONFIG: "none",
        REPLICAS: String(replicas),
      },
    });
    const calls = (await readFile(written, "utf8")).trimEnd().split("\n\n");
    return calls.map((call) => {
      const [program = "", ...words] = call.split("\n");
      return { program, flags: flagsOf(words) };
    });
  } finally {
    await rm(bin, { recursive: true });
  }
}

function flagsOf(words: readonly string[]): Flags {
  const flags = new Map<string, string[]>();
  let values: string[] = [];
  for (const word of words) {
    if (!word.startsWith("--")) values.push(word);
    else {
      values = flags.get(word.slice(2)) ?? [];
      flags.set(word.slice(2), values);
    }
  }
  return flags;
}

function topicOf(flags: Flags): ITopicConfig {
  const { topic, partitions, config, ...others } = named(flags, [
    "bootstrap-server",
    "command-config",
    "create",
    "if-not-exists",
    "topic",
    "partitions",
    "replication-factor",
    "config",
  ]);
  return {
    topic: topic![0]!,
    numPartitions: Number(partitions),
    replicationFactor: Number(others["replication-factor"]),
    configEntries: config!.map((setting) => {
      const [name = "", value = ""] = setting.split("=");
      return { name, value };
    }),
  };
}

function aclsOf(flags: Flags): AclEntry[] {
  const {
    topic = [],
    group = [],
    operation = [],
    ...others
  } = named(flags, [
    "bootstrap-server",
    "command-config",
    "add",
    "allow-principal",
    "topic",
    "group",
    "resource-pattern-type",
    "operation",
  ]);
  const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
  const resources = [
    ...topic.map((resourceName) => ({ resourceName, resourceType: AclResourceTypes.TOPIC })),
    ...group.map((resourceName) => ({ resourceName, resourceType: AclResourceTypes.GROUP })),
  ];
  const isPrefix = others["resource-pattern-type"]?.[0] === "prefixed";
  return resources.flatMap((resource) =>
    (others["allow-principal"] ?? []).flatMap((principal) =>
      operation.map((name) => ({
        ...resource,
        resourcePatternType: isPrefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
        principal,
        host: "*",
        operation: AclOperationTypes[constantOf(name)],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  );
}

function constantOf(name: string): keyof typeof kafkajs.AclOperationTypes {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() as keyof typeof kafkajs.AclOperationTypes;
}

/** @throws {Error} for a flag that is not among them: it must not be passed over */
function named(flags: Flags, known: readonly string[]): Partial<Record<string, readonly string[]>> {
  for (const flag of flags.keys()) if (!known.includes(flag)) throw new Error(`not understood: --${flag}`);
  return Object.fromEntries(flags);
}
