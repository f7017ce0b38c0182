import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { kafkaGroup } from "../src/index.ts";
import { openKafkaStream } from "../src/kafka/open.ts";
import { persist } from "../src/kafka/patience.ts";
import { isKafkaInstalled, startBroker, type TestBroker } from "./kafka-broker.ts";

jest.setTimeout(180_000);

const PARTITIONS = { events: 1 };

/** As kafkajs throws it. */
class Refusal extends Error {
  override readonly name = "KafkaJSSASLAuthenticationError";
}

describe("a password that is refused", () => {
  const refusedTwice = () => {
    let asked = 0;
    return () => ((asked += 1) < 3 ? Promise.reject(new Refusal()) : Promise.resolve(asked));
  };

  it("is refused for good where nobody was let in with it before", async () => {
    await expect(persist("do it", 5_000, refusedTwice())).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("SASL_AUTHENTICATION_FAILED") as string,
    });
  });

  it("is shown again, for a while, where somebody was", async () => {
    const before = { wasLetIn: true };
    await expect(persist("do it", 5_000, refusedTwice(), before)).resolves.toBe(3);
    await expect(persist("do it", 60, () => Promise.reject(new Refusal()), before)).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

(isKafkaInstalled ? describe : describe.skip)("a broker that refuses the password", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startBroker({ secure: true });
    await broker.makeTopics(PARTITIONS);
  });
  afterAll(() => broker.remove());

  /** Looked at by each new connection of a reader or a member, so that a test can spoil it. */
  const access = () => {
    const { brokers, ca, username, password } = broker.kafka.secure!;
    const sasl = { mechanism: "scram-sha-512" as const, username, password };
    return { brokers, ssl: { ca }, sasl, partitions: PARTITIONS };
  };

  it("for a while, ends neither a reader nor a member of the group", async () => {
    const ending = new AbortController();
    const of = access();
    const { password } = of.sasl;
    const stream = await openKafkaStream({ ...of, retentionMs: 1, singleReplica: true, patienceMs: 60_000 });
    const read: string[] = [];
    const reading = (async () => {
      const limits = { maxMessages: 10, maxBytes: 1_024 };
      for await (const batch of stream.read("events", 0, 0, limits, ending.signal))
        read.push(...batch.map(({ payload }) => String(Buffer.from(payload))));
    })();
    const troubles: string[] = [];
    let works = 0;
    const onTrouble = ({ message }: Error) => void troubles.push(message);
    const sharing = kafkaGroup({ ...of, groupId: "refused", onTrouble }).share(async (_, __, until) => {
      works += 1;
      await new Promise((resolve) => until.addEventListener("abort", resolve, { once: true }));
    }, ending.signal);
    await stream.send("events", 0, [Buffer.from("before")]);
    while (read.length < 1 || works < 1) await sleep(20);

    of.sasl.password = "wrong";
    await broker.kafka.restart();
    while (!troubles.some((said) => said.includes("SASL_AUTHENTICATION_FAILED"))) await sleep(20);
    of.sasl.password = password;
    await stream.send("events", 0, [Buffer.from("after")]);
    while (read.length < 2) await sleep(20);
    ending.abort();
    await Promise.all([reading, sharing]);
    await stream.close();

    expect(read).toEqual(["before", "after"]);
  });

  it("for longer than that, ends a member", async () => {
    const of = access();
    of.sasl.password = "wrong";
    const group = kafkaGroup({ ...of, groupId: "refused", refusedMs: 1_000 });
    await expect(group.share(() => Promise.resolve(), new AbortController().signal)).rejects.toMatchObject({
      message: expect.stringContaining("SASL_AUTHENTICATION_FAILED") as string,
    });
  });
});
