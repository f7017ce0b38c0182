// Node finds only some of kafkajs's exports by name.
import kafkajs, { type Admin } from "kafkajs";
import { MAX_PAYLOAD_BYTES } from "../file/frame.ts";
import type { Metadata, TopicMetadata } from "./metadata.ts";
import type { KafkaStreamSettings } from "./options.ts";
import { KafkaTopicsError } from "./topics-error.ts";

/** What Kafka adds to a payload that goes alone, bytes, and more than enough. */
const BATCH_HEAD_BYTES = 1_024;
const REPLICAS = { factor: 3, inSync: 2 };

/** What a topic is set to, by Kafka's names. */
export type TopicConfig = ReadonlyMap<string, string>;

/** Asks what topics are set to. */
export async function configsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, TopicConfig>> {
  if (topics.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}

/** @throws {KafkaTopicsError} with every fault of every topic */
export function assertTopics(
  { topics }: Metadata,
  configs: ReadonlyMap<string, TopicConfig>,
  settings: KafkaStreamSettings,
): void {
  const faults = Object.entries(settings.partitions).flatMap(([topic, count]) => {
    const found = topics.find(({ name }) => name === topic);
    const config = configs.get(topic);
    if (found?.id === undefined || !config) {
      return [`${topic}: create it with ${count} partitions, or let this client describe it`];
    }
    return [...layoutFaults(found, count, settings), ...configFaults(config, settings)].map(
      (fault) => `${topic}: ${fault}`,
    );
  });
  if (faults.length > 0) throw new KafkaTopicsError(faults);
}

function* layoutFaults(
  { replicas }: TopicMetadata,
  count: number,
  { singleReplica }: KafkaStreamSettings,
): Generator<string> {
  // More do no harm, and Kafka cannot take them away again: nobody here names them.
  if (replicas.length < count) yield `give it ${count} partitions: it has ${replicas.length}`;
  const least = Math.min(...replicas);
  if (!singleReplica && least < REPLICAS.factor) {
    yield `its partitions have ${least} replicas: reassign them to ${REPLICAS.factor} at least`;
  }
}

function* configFaults(
  config: TopicConfig,
  { singleReplica, retentionMs }: KafkaStreamSettings,
): Generator<string> {
  const inSync = Number(config.get("min.insync.replicas"));
  if (!singleReplica && !(inSync >= REPLICAS.inSync)) {
    yield `set min.insync.replicas to ${REPLICAS.inSync} at least, so that one lost disk loses nothing acknowledged`;
  }
  if (config.get("cleanup.policy") !== "delete") {
    yield "set cleanup.policy to delete: compaction removes messages before their time";
  }
  const retention = Number(config.get("retention.ms"));
  if (!(retention === -1 || retention >= retentionMs)) yield `set retention.ms to ${retentionMs} at least`;
  if (config.get("retention.bytes") !== "-1") {
    yield "set retention.bytes to -1: a size limit removes messages that nobody has archived yet";
  }
  const largest = MAX_PAYLOAD_BYTES + BATCH_HEAD_BYTES;
  if (!(Number(config.get("max.message.bytes")) >= largest)) {
    yield `set max.message.bytes to ${largest} at least`;
  }
  if (config.get("message.timestamp.type") !== "LogAppendTime") {
    yield "set message.timestamp.type to LogAppendTime: retention would go by the clock of whoever sends";
  }
  if (config.get("unclean.leader.election.enable") === "true") {
    yield "set unclean.leader.election.enable to false: a replica that lags would replace acknowledged messages";
  }
}
