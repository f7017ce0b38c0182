import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type KafkaEngine, kafkaLibraries, startKafka } from "@daybook/lab";
import { type Admin, Kafka, logLevel, Partitioners } from "kafkajs";
import { KafkaProxy } from "./kafka-proxy.ts";
import { removeTemporary, temporary } from "./temporary.ts";

export const isKafkaInstalled = kafkaLibraries() !== undefined;
if (!isKafkaInstalled)
  console.warn("Kafka is not installed (npm run lab -- --install): its tests are SKIPPED");

/** What a topic of Daybook is set to. */
export const TOPIC_CONFIG = {
  "max.message.bytes": "5242880",
  "message.timestamp.type": "LogAppendTime",
  "retention.bytes": "-1",
};

/** A broker that clients reach only through a proxy, and its administrator, who does not. */
export interface TestBroker {
  readonly kafka: KafkaEngine;
  readonly proxy: KafkaProxy;
  readonly admin: Admin;
  makeTopics(partitions: Readonly<Record<string, number>>, config?: Record<string, string>): Promise<void>;
  /** Sends to an empty partition in a transaction, whose end takes an offset and is no message. */
  commitTransaction(topic: string, partition: number, values: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** @param options.advertise given the proxy's port, says on which port clients are told to come to it */
export async function startBroker(
  options: { secure?: boolean; advertise?: (port: number) => Promise<number> } = {},
): Promise<TestBroker> {
  const { advertise = (port: number) => Promise.resolve(port), ...rest } = options;
  const proxy = new KafkaProxy();
  const advertisedPort = await advertise(await proxy.listen());
  const kafka = (await startKafka({ dir: join(await temporary(), "kafka"), advertisedPort, ...rest }))!;
  proxy.passTo(kafka.port);
  const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  return {
    kafka,
    proxy,
    admin,
    async makeTopics(partitions, config = TOPIC_CONFIG) {
      await admin.createTopics({
        waitForLeaders: false,
        topics: Object.entries(partitions).map(([topic, numPartitions]) => ({
          topic,
          numPartitions,
          replicationFactor: 1,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      });
      while (!(await haveLeaders(admin, Object.keys(partitions)))) await sleep(20);
    },
    async commitTransaction(topic, partition, values) {
      const producer = client.producer({
        transactionalId: "test",
        maxInFlightRequests: 1,
        idempotent: true,
        createPartitioner: Partitioners.DefaultPartitioner,
      });
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: values.map((value) => ({ partition, value })) });
      await transaction.commit();
      // The end is written after it is promised.
      while (await isOpen(admin, topic, partition, values.length)) await sleep(20);
      await producer.disconnect();
    },
    async remove() {
      await admin.disconnect();
      await proxy.close();
      await kafka.stop("SIGKILL");
      await removeTemporary();
    },
  };
}

/** kafkajs's own wait for leaders fails where a broker does not know the topic yet that it has just made. */
async function haveLeaders(admin: Admin, names: string[]): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    return topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
  } catch {
    return false;
  }
}

async function isOpen(admin: Admin, topic: string, partition: number, messages: number): Promise<boolean> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.some((one) => one.partition === partition && Number(one.high) <= messages);
}
