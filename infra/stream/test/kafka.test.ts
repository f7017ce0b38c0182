import { jest } from "@jest/globals";
import { describeStream, SUITE_PARTITIONS } from "@daybook/stream/testing";
import { openKafkaStream } from "../src/kafka/open.ts";
import { isKafkaInstalled, startBroker, type TestBroker } from "./kafka-broker.ts";

jest.setTimeout(120_000);

const RETENTION_MS = 7 * 24 * 3_600_000;

(isKafkaInstalled ? describe : describe.skip)("on a real broker", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());

  describeStream("Kafka", async () => {
    const { admin, kafka, proxy } = broker;
    await broker.makeTopics(SUITE_PARTITIONS);
    return {
      open() {
        proxy.onProduce = () => "pass";
        return openKafkaStream({
          brokers: kafka.brokers,
          partitions: SUITE_PARTITIONS,
          retentionMs: RETENTION_MS,
          singleReplica: true,
          patienceMs: 1_500,
        });
      },
      fail(fault) {
        let isFirst = true;
        proxy.onProduce = () => {
          const fate = isFirst ? fault : "lost";
          isFirst = false;
          return fate;
        };
      },
      async forget(topic, partition, before) {
        // kafkajs looks for the leader before it asks who leads: this has it ask.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
      },
      remove: () => admin.deleteTopics({ topics: Object.keys(SUITE_PARTITIONS) }),
    };
  });
});
