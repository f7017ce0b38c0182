import { join } from "node:path";
import { type KafkaEngine, kafkaLibraries, startKafka } from "@daybook/lab";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { KafkaProxy } from "./kafka-proxy.ts";
import { removeTemporary, temporary } from "./temporary.ts";

export const isKafkaInstalled = kafkaLibraries() !== undefined;
if (!isKafkaInstalled)
  console.warn("Kafka is not installed (npm run lab -- --install): its tests are SKIPPED");

/** What a topic of Daybook is set to. */
export const TOPIC_CONFIG = { "max.message.bytes": "5242880", "retention.bytes": "-1" };

/** A broker that clients reach only through a proxy, and its administrator, who does not. */
export interface TestBroker {
  readonly kafka: KafkaEngine;
  readonly proxy: KafkaProxy;
  readonly admin: Admin;
  makeTopics(partitions: Readonly<Record<string, number>>, config?: Record<string, string>): Promise<void>;
  remove(): Promise<void>;
}

export async function startBroker(options: { secure?: boolean } = {}): Promise<TestBroker> {
  const proxy = new KafkaProxy();
  const advertisedPort = await proxy.listen();
  const kafka = (await startKafka({ dir: join(await temporary(), "kafka"), advertisedPort, ...options }))!;
  proxy.passTo(kafka.port);
  const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  return {
    kafka,
    proxy,
    admin,
    async makeTopics(partitions, config = TOPIC_CONFIG) {
      await admin.createTopics({
        waitForLeaders: true,
        topics: Object.entries(partitions).map(([topic, numPartitions]) => ({
          topic,
          numPartitions,
          replicationFactor: 1,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      });
    },
    async remove() {
      await admin.disconnect();
      await proxy.close();
      await kafka.stop("SIGKILL");
      await removeTemporary();
    },
  };
}
