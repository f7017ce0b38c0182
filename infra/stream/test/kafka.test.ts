import { jest } from "@jest/globals";
import { describeStream, SUITE_PARTITIONS } from "@daybook/stream/testing";
import { openKafkaStream } from "../src/kafka/open.ts";
import { isKafkaInstalled, startBroker, type TestBroker } from "./kafka-broker.ts";
import { temporary } from "./temporary.ts";
import { systemError, TestDisk } from "./test-disk.ts";
import { throughSpool } from "./through-spool.ts";

jest.setTimeout(120_000);

const RETENTION_MS = 7 * 24 * 3_600_000;

(isKafkaInstalled ? describe : describe.skip)("on a real broker", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());

  const open = () =>
    openKafkaStream({
      brokers: broker.kafka.brokers,
      partitions: SUITE_PARTITIONS,
      retentionMs: RETENTION_MS,
      singleReplica: true,
      patienceMs: 1_500,
    });
  const forget = async (topic: string, partition: number, before: number) => {
    // kafkajs looks for the leader before it asks who leads: this has it ask.
    await broker.admin.fetchTopicOffsets(topic);
    await broker.admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
  };
  const remove = () => broker.admin.deleteTopics({ topics: Object.keys(SUITE_PARTITIONS) });

  describeStream("Kafka", async () => {
    const { proxy } = broker;
    await broker.makeTopics(SUITE_PARTITIONS);
    return {
      open() {
        proxy.onProduce = () => "pass";
        return open();
      },
      fail(fault) {
        let isFirst = true;
        proxy.onProduce = () => {
          const fate = isFirst ? fault : "lost";
          isFirst = false;
          return fate;
        };
      },
      forget,
      remove,
    };
  });

  describeStream("Kafka behind a spool", async () => {
    const dir = await temporary();
    const disk = new TestDisk();
    await broker.makeTopics(SUITE_PARTITIONS);
    return {
      async open() {
        disk.hooks = {};
        return throughSpool(await open(), { dir, partitions: SUITE_PARTITIONS }, disk);
      },
      fail(fault) {
        const fail = () => Promise.reject(systemError("EIO"));
        disk.hooks = fault === "lost" ? { write: fail } : { datasync: fail, truncate: fail };
      },
      forget,
      remove,
    };
  });
});
