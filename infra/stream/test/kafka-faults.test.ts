import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { collect } from "@daybook/stream/testing";
import { type KafkaStream, openKafkaStream } from "../src/kafka/open.ts";
import type { KafkaStreamOptions } from "../src/kafka/options.ts";
import { StreamError } from "../src/port.ts";
import { isKafkaInstalled, startBroker, type TestBroker } from "./kafka-broker.ts";

jest.setTimeout(180_000);

const TOPIC = "fault.events";
const DAY_MS = 24 * 3_600_000;

(isKafkaInstalled ? describe : describe.skip)("Kafka under faults", () => {
  let broker: TestBroker;
  let stream: KafkaStream;
  const open = (options: Partial<KafkaStreamOptions> = {}) =>
    openKafkaStream({
      brokers: broker.kafka.brokers,
      partitions: { [TOPIC]: 2 },
      retentionMs: DAY_MS,
      singleReplica: true,
      ...options,
    });
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());
  beforeEach(async () => {
    await broker.makeTopics({ [TOPIC]: 2 });
  });
  afterEach(async () => {
    broker.proxy.onProduce = () => "pass";
    broker.proxy.isDown = false;
    await stream.close();
    await broker.admin.deleteTopics({ topics: [TOPIC] });
  });

  it("loses and reorders nothing acknowledged while thousands of sends have their answers cut", async () => {
    stream = await open({ requestTimeoutMs: 500 });
    let requests = 0;
    broker.proxy.cuts = 0;
    broker.proxy.onProduce = () => {
      requests += 1;
      if (requests % 100 === 50) return "mute";
      if (requests % 8 === 4) return "kept";
      return requests % 16 === 9 ? "lost" : "pass";
    };
    const acknowledged = await produce(stream, { producers: 20, each: 200 });

    expect(broker.proxy.cuts).toBeGreaterThan(40);
    const { next: kept0 } = await stream.range(TOPIC, 0);
    const { next: kept1 } = await stream.range(TOPIC, 1);
    // Some stand there twice: answers were cut that the broker had given.
    expect(kept0 + kept1).toBeGreaterThan(acknowledged.size);
    await assertKept(stream, acknowledged);
  });

  it("loses and reorders nothing acknowledged when the broker is killed and comes back, and goes on reading", async () => {
    stream = await open();
    const reading = until(stream, 1, "19:299");
    const producing = produce(stream, { producers: 20, each: 300 });
    await collect(stream, TOPIC, 1, 0, 100);
    await broker.kafka.restart("SIGKILL");

    const acknowledged = await producing;
    await assertKept(stream, acknowledged);
    expect(new Set(await reading)).toEqual(new Set(await until(stream, 1, "19:299")));
  });

  it("loses and reorders nothing acknowledged when the broker stands still and goes on, and answers late", async () => {
    stream = await open({ requestTimeoutMs: 300 });
    broker.kafka.signal("SIGSTOP");
    const producing = produce(stream, { producers: 20, each: 20 });
    await sleep(1_000);
    broker.kafka.signal("SIGCONT");

    await assertKept(stream, await producing);
  });

  it.each<"lost" | "kept">(["lost", "kept"])(
    "refuses what it cannot send in time, as may be repeated, and keeps what is sent next (%s)",
    async (fault) => {
      stream = await open({ patienceMs: 300 });
      broker.proxy.onProduce = () => fault;
      const refused = await Promise.allSettled([send("a"), send("b"), send("c")]);
      for (const one of refused) {
        expect(one).toMatchObject({ reason: { code: "unavailable", retryable: true } });
      }

      broker.proxy.onProduce = () => "pass";
      const [message] = await collect(stream, TOPIC, 0, await send("d"), 1);
      expect(Buffer.from(message!.payload).toString()).toBe("d");
    },
  );

  it("keeps no more waiting than it is allowed to", async () => {
    stream = await open({ patienceMs: 2_000, requestTimeoutMs: 1_000, queueBytes: 100 });
    broker.proxy.onProduce = () => "mute";
    const waiting = Promise.allSettled([stream.send(TOPIC, 0, [Buffer.alloc(60)])]);

    await expect(stream.send(TOPIC, 0, [Buffer.alloc(60)])).rejects.toMatchObject({ code: "unavailable" });
    broker.proxy.onProduce = () => "pass";
    expect(await waiting).toMatchObject([{ status: "fulfilled" }]);
  });

  it("sends in pieces what is more than one batch, in order", async () => {
    stream = await open();
    const payloads = Array.from({ length: 30 }, (_, i) => Buffer.alloc(200_000, i));
    const [first, after] = await Promise.all([stream.send(TOPIC, 0, payloads), send("after")]);

    expect([first, after]).toEqual([0, 30]);
    const kept = await collect(stream, TOPIC, 0, 0, 31);
    expect(kept.slice(0, 30).map(({ payload }) => payload[0])).toEqual(payloads.map((payload) => payload[0]));
  });

  it("asks for more only when the reader has taken what was fetched", async () => {
    stream = await open();
    for (let i = 0; i < 10; i += 1) await send("a");
    const limits = { maxMessages: 2, maxBytes: 1_000 };
    const batches = stream.read(TOPIC, 0, 0, limits, new AbortController().signal)[Symbol.asyncIterator]();
    broker.proxy.fetches = 0;
    for (let taken = 0; taken < 10; taken += 2) {
      await batches.next();
      await send("b");
    }
    expect(broker.proxy.fetches).toBe(1);

    await batches.next();
    expect(broker.proxy.fetches).toBe(2);
    await batches.return?.();
  });

  it("ends a read with an error when no broker answers in time, or the stream is closed", async () => {
    stream = await open({ patienceMs: 300 });
    const waiting = expect(collect(stream, TOPIC, 0, 0, 1)).rejects.toMatchObject({ code: "unavailable" });
    broker.proxy.cutAll();
    await waiting;
    await expect(stream.range(TOPIC, 0)).rejects.toMatchObject({ code: "unavailable", retryable: true });

    broker.proxy.isDown = false;
    const closing = expect(collect(stream, TOPIC, 0, 0, 1)).rejects.toMatchObject({ code: "closed" });
    await stream.close();
    await closing;
    await expect(stream.range(TOPIC, 0)).rejects.toMatchObject({ code: "closed" });
  });

  it("passes over what is no message, and keeps the offsets", async () => {
    stream = await open();
    await broker.commitTransaction(TOPIC, 0, ["a"]);
    const offset = await send("b");

    const messages = await collect(stream, TOPIC, 0, 0, 2);
    expect(messages.map(({ offset, payload }) => [offset, Buffer.from(payload).toString()])).toEqual([
      [0, "a"],
      [2, "b"],
    ]);
    expect(offset).toBe(2);
  });

  it("is another stream when its topic was made again", async () => {
    stream = await open();
    const { id } = stream;
    await stream.close();
    await broker.admin.deleteTopics({ topics: [TOPIC] });
    await broker.makeTopics({ [TOPIC]: 2 });

    stream = await open();
    expect(stream.id).not.toBe(id);
  });

  const send = (value: string) => stream.send(TOPIC, 0, [Buffer.from(value)]);
});

/** Acknowledged offset of each message, `producer:number`, all to partition `producer % 2`, each sent until it is. */
async function produce(
  stream: KafkaStream,
  { producers, each }: { producers: number; each: number },
): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>();
  await Promise.all(
    Array.from({ length: producers }, async (_, producer) => {
      for (let i = 0; i < each;) {
        const value = `${producer}:${i}`;
        try {
          acknowledged.set(value, await stream.send(TOPIC, producer % 2, [Buffer.from(value)]));
          i += 1;
        } catch (error) {
          if (!(error instanceof StreamError && error.retryable)) throw error;
        }
      }
    }),
  );
  return acknowledged;
}

async function assertKept(stream: KafkaStream, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  for (const partition of [0, 1]) {
    const { first, next } = await stream.range(TOPIC, partition);
    const kept = await collect(stream, TOPIC, partition, first, next - first);
    const at = new Map(kept.map(({ offset, payload }) => [offset, Buffer.from(payload).toString()]));
    const expected = [...acknowledged].filter(([value]) => Number(value.split(":")[0]) % 2 === partition);
    expect(expected.filter(([value, offset]) => at.get(offset) !== value)).toEqual([]);

    // A repeated batch may stand there twice; the first time each message appears is in its producer's order.
    const seen = new Map<string, number>();
    for (const value of new Set(at.values())) {
      const [producer, number] = value.split(":") as [string, string];
      expect(Number(number)).toBe((seen.get(producer) ?? -1) + 1);
      seen.set(producer, Number(number));
    }
  }
}

/** Everything of a partition from its beginning until `last` has been read. */
async function until(stream: KafkaStream, partition: number, last: string): Promise<string[]> {
  const values: string[] = [];
  const limits = { maxMessages: 1_000, maxBytes: 1024 * 1024 };
  for await (const batch of stream.read(TOPIC, partition, 0, limits, new AbortController().signal)) {
    values.push(...batch.map(({ payload }) => Buffer.from(payload).toString()));
    if (values.includes(last)) return values;
  }
  return values;
}
