import { jest } from "@jest/globals";
import { collect } from "@daybook/stream/testing";
import { openKafkaStream } from "../src/kafka/open.ts";
import { isKafkaInstalled, startBroker, type TestBroker } from "./kafka-broker.ts";

jest.setTimeout(120_000);

const ALL = { maxMessages: 1_000, maxBytes: 1024 * 1024 };

(isKafkaInstalled ? describe : describe.skip)("a cluster that was lost, and another in its place", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());

  const open = () =>
    openKafkaStream({
      brokers: broker.kafka.brokers,
      partitions: { events: 1 },
      retentionMs: 3_600_000,
      singleReplica: true,
    });
  const texts = (...of: string[]) => of.map((one) => Buffer.from(one));
  /** Reads on from the third message, while the reader is `held` where the stream is lost. */
  async function readOn(lose: () => Promise<void>, held: boolean, isElsewhere = false): Promise<unknown> {
    const stream = await open();
    await stream.confirm?.();
    const from = await stream.send("events", 0, texts("a", "b", "c"));
    const stop = new AbortController();
    const seen: string[] = [];
    let losing: Promise<void> | undefined;
    try {
      for await (const batch of stream.read("events", 0, from, ALL, stop.signal)) {
        seen.push(...batch.map(({ payload }) => Buffer.from(payload).toString()));
        if (seen.length < 3) continue;
        losing ??= lose();
        if (held) await losing;
      }
    } catch (error) {
      expect(seen).toEqual(["a", "b", "c"]);
      await losing;
      if (isElsewhere) await expect(stream.confirm?.()).rejects.toMatchObject({ code: "replaced" });
      return error;
    } finally {
      await losing;
      await stream.close();
    }
    throw new Error("it ended");
  }

  it.each([
    ["while it waits for more", false],
    ["between two of its fetches", true],
  ])("is not read on in as if it were the same: %s", async (_, held) => {
    await broker.makeTopics({ events: 1 });
    const error = await readOn(
      async () => {
        await broker.kafka.replace();
        await broker.makeTopics({ events: 1 });
        const other = await open();
        await other.send("events", 0, texts("1", "2", "3", "4", "5", "6"));
        await other.close();
      },
      held,
      true,
    );

    expect(error).toMatchObject({ name: "StreamError", code: "replaced", retryable: false });
    const again = await open();
    expect(await collect(again, "events", 0, 0, 6)).toHaveLength(6);
    await again.close();
    await broker.admin.deleteTopics({ topics: ["events"] });
  });

  it("nor is a topic that was made again", async () => {
    await broker.makeTopics({ events: 1 });
    const error = await readOn(async () => {
      await broker.admin.deleteTopics({ topics: ["events"] });
      await broker.makeTopics({ events: 1 });
      const other = await open();
      await other.send("events", 0, texts("1", "2", "3", "4", "5", "6"));
      await other.close();
      await broker.kafka.restart();
    }, true);

    expect(error).toMatchObject({ code: "replaced" });
  });
});
