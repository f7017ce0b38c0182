import { jest } from "@jest/globals";
import { freePorts } from "@daybook/lab";
import { collect } from "@daybook/stream/testing";
import { openKafkaStream } from "../src/kafka/open.ts";
import type { KafkaStreamOptions } from "../src/kafka/options.ts";
import { isKafkaInstalled, startBroker, type TestBroker, TOPIC_CONFIG } from "./kafka-broker.ts";

jest.setTimeout(120_000);

const DAY_MS = 24 * 3_600_000;

(isKafkaInstalled ? describe : describe.skip)("opening a stream on Kafka", () => {
  let broker: TestBroker;
  let secure: Pick<KafkaStreamOptions, "brokers" | "ssl" | "sasl">;
  let credentials: NonNullable<KafkaStreamOptions["sasl"]>;
  const open = (options: Partial<KafkaStreamOptions> = {}) =>
    openKafkaStream({
      brokers: broker.kafka.brokers,
      partitions: { sound: 1 },
      retentionMs: DAY_MS,
      singleReplica: true,
      patienceMs: 20_000,
      ...options,
    });
  beforeAll(async () => {
    broker = await startBroker({ secure: true });
    const { brokers, ca, username, password } = broker.kafka.secure!;
    credentials = { mechanism: "scram-sha-512", username, password };
    secure = { brokers, ssl: { ca }, sasl: credentials };
    await broker.makeTopics({ sound: 1 });
  });
  afterAll(() => broker.remove());

  it("says every fault of every topic at once, and what to do", async () => {
    await broker.makeTopics(
      { unsound: 3 },
      { "cleanup.policy": "compact", "retention.ms": "1000", "retention.bytes": "1000000" },
    );
    const partitions = { sound: 1, unsound: 4, missing: 1 };

    await expect(open({ partitions, singleReplica: false })).rejects.toMatchObject({
      name: "KafkaTopicsError",
      faults: [
        "sound: its partitions have 1 replicas: reassign them to 3 at least",
        "sound: set min.insync.replicas to 2 at least, so that one lost disk loses nothing acknowledged",
        "unsound: give it 4 partitions: it has 3",
        "unsound: its partitions have 1 replicas: reassign them to 3 at least",
        "unsound: set min.insync.replicas to 2 at least, so that one lost disk loses nothing acknowledged",
        "unsound: set cleanup.policy to delete: compaction removes messages before their time",
        "unsound: set retention.ms to 86400000 at least",
        "unsound: set retention.bytes to -1: a size limit removes messages that nobody has archived yet",
        "unsound: set max.message.bytes to 4195328 at least",
        "unsound: set message.timestamp.type to LogAppendTime: retention would go by the clock of whoever sends",
        "missing: create it with 1 partitions, or let this client describe it",
      ],
    });
    await expect(open({ partitions })).rejects.toThrow("Kafka's topics cannot be used: unsound: give it 4");
  });

  it("takes a topic that keeps messages for ever, and one that was given more partitions, as the same stream", async () => {
    await broker.makeTopics({ endless: 1 }, { ...TOPIC_CONFIG, "retention.ms": "-1" });
    const before = await open({ partitions: { endless: 1 } });
    await before.close();

    await broker.admin.createPartitions({ topicPartitions: [{ topic: "endless", count: 3 }] });
    const after = await open({ partitions: { endless: 1 } });
    expect(after.id).toBe(before.id);
    expect(await after.send("endless", 0, [Buffer.from("a")])).toBe(0);
    await after.close();
  });

  it("sends and reads over TLS with a password", async () => {
    const stream = await open(secure);
    const offset = await stream.send("sound", 0, [Buffer.from("a")]);
    const [message] = await collect(stream, "sound", 0, offset, 1);
    expect(String(Buffer.from(message!.payload))).toBe("a");
    await stream.close();
  });

  it("refuses at once a password that is wrong", async () => {
    const sasl = { ...credentials, password: "wrong" };
    await expect(open({ ...secure, sasl })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/SASL_AUTHENTICATION_FAILED.*correct this client's/) as string,
    });
  });

  it("refuses at once a broker that nobody vouches for", async () => {
    await expect(open({ ...secure, ssl: {} })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/SELF_SIGNED_CERT.*correct this client's/) as string,
    });
  });

  it("gives up on a broker that is not there", async () => {
    const [port] = await freePorts(1);
    await expect(open({ brokers: [`127.0.0.1:${port}`], patienceMs: 200 })).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      message: expect.stringContaining("see that the brokers run") as string,
    });
  });

  it("needs a broker's address, and a partition", async () => {
    await expect(open({ brokers: [] })).rejects.toThrow(RangeError);
    await expect(open({ partitions: { sound: 0 } })).rejects.toThrow(RangeError);
  });
});
