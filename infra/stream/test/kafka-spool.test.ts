import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { type Proxy, startToxiproxy, type Toxiproxy } from "@daybook/lab";
import kafkajs from "kafkajs";
import { started } from "../../../test/started.ts";
import { type KafkaStream, openKafkaStream } from "../src/kafka/open.ts";
import { reachKafka, type ReachedKafka } from "../src/spool/reach-kafka.ts";
import { openSpool, type Spool, type SpoolOptions, type SpoolTrouble } from "../src/spool/spool.ts";
import { isKafkaInstalled, startBroker, type TestBroker, TOPIC_CONFIG } from "./kafka-broker.ts";
import { temporary } from "./temporary.ts";
import { contents, drained, QUICK } from "./through-spool.ts";

jest.setTimeout(240_000);

const CHILD = join(import.meta.dirname, "children", "spooler.ts");
const TOPIC = "spool.events";
const PRODUCERS = 64;
const partitions = { [TOPIC]: 2 };

(isKafkaInstalled ? describe : describe.skip)("a spool in front of Kafka", () => {
  let toxiproxy: Toxiproxy | undefined;
  let link: Proxy | undefined;
  let broker: TestBroker;
  let dir: string;
  let kafka: ReachedKafka;
  let spool: Spool;
  let troubles: SpoolTrouble[];
  const options = (of: object = {}) => ({
    brokers: broker.kafka.brokers,
    partitions,
    retentionMs: 60_000,
    singleReplica: true,
    patienceMs: 1_500,
    requestTimeoutMs: 700,
    ...of,
  });
  const open = async (of: Partial<SpoolOptions> = {}) => {
    kafka = await reachKafka(options());
    spool = await openSpool({
      dir,
      partitions,
      downstream: kafka,
      maxBytes: 100_000_000,
      segmentBytes: 100_000,
      pauses: QUICK,
      onTrouble: (trouble) => troubles.push(trouble),
      ...of,
    });
  };
  beforeAll(async () => {
    toxiproxy = await startToxiproxy({ dir: await temporary() });
    if (!toxiproxy)
      console.warn("toxiproxy is not installed (npm run lab -- --install): its test is SKIPPED");
    broker = await startBroker({
      secure: true,
      advertise: async (port) => {
        link = await toxiproxy?.proxy("kafka", `127.0.0.1:${port}`);
        return link?.port ?? port;
      },
    });
  });
  afterAll(async () => {
    await toxiproxy?.stop();
    await broker.remove();
  });
  beforeEach(async () => {
    troubles = [];
    dir = await temporary();
    await broker.makeTopics(partitions);
  });
  afterEach(async () => {
    broker.proxy.onProduce = () => "pass";
    broker.proxy.isDown = false;
    await link?.heal();
    await spool.close();
    await kafka.close();
    await broker.admin.deleteTopics({ topics: [TOPIC] });
  });

  /** Everything acknowledged is on Kafka, in each producer's order of first appearance, and the rest is in between. */
  async function assertKept(acknowledged: ReadonlySet<string>): Promise<void> {
    const stream: KafkaStream = await openKafkaStream(options({ patienceMs: 20_000 }));
    try {
      const all = [...(await contents(stream, TOPIC, 0)), ...(await contents(stream, TOPIC, 1))];
      const kept = new Set(all.map(({ text }) => text.split(" ")[0]!));
      expect([...acknowledged].filter((value) => !kept.has(value))).toEqual([]);
      const next = new Map<string, number>();
      for (const value of kept) {
        const [producer, number] = value.split(":") as [string, string];
        expect(`${producer}:${next.get(producer) ?? 0}`).toBe(`${producer}:${number}`);
        next.set(producer, Number(number) + 1);
      }
    } finally {
      await stream.close();
    }
  }

  /** Sends `producer:number` from many producers to partition `producer % 2`, `each` from each. */
  async function produce(each: number): Promise<Set<string>> {
    const acknowledged = new Set<string>();
    await Promise.all(
      Array.from({ length: PRODUCERS }, async (_, producer) => {
        for (let i = 0; i < each; i += 1) {
          await spool.send(TOPIC, producer % 2, [Buffer.from(`${producer}:${i}`)]);
          acknowledged.add(`${producer}:${i}`);
        }
      }),
    );
    return acknowledged;
  }

  it("takes events while Kafka has never been there, and forwards all when it comes", async () => {
    broker.proxy.cutAll();
    await open();
    expect(kafka.isOpen).toBe(false);
    const acknowledged = await produce(20);
    const asked = spool.forwarded(TOPIC, 0, 1);
    expect(spool.status().map(({ unsentEvents }) => unsentEvents)).toEqual([640, 640]);

    broker.proxy.isDown = false;
    expect(await asked).toBe(1);
    await drained(spool);
    expect(kafka.isOpen).toBe(true);
    await assertKept(acknowledged);
  });

  it("does not start before topics that would lose what it forwards, nor with a client that is not let in", async () => {
    await open();
    const wanted = { [TOPIC]: 3 };
    await expect(reachKafka(options({ partitions: wanted }))).rejects.toMatchObject({
      name: "KafkaTopicsError",
    });
    const { brokers, ca, username } = broker.kafka.secure!;
    const sasl = { mechanism: "scram-sha-512", username, password: "wrong" } as const;
    await expect(reachKafka(options({ brokers, ssl: { ca }, sasl }))).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  it.each<[string, () => Promise<void>]>([
    ["is killed and comes back", () => broker.kafka.restart("SIGKILL")],
    ["is stopped and started", () => broker.kafka.restart("SIGTERM")],
    [
      "stands still and goes on",
      async () => {
        broker.kafka.signal("SIGSTOP");
        await sleep(2_500);
        broker.kafka.signal("SIGCONT");
      },
    ],
  ])("acknowledges all the while, and loses and reorders nothing, when the broker %s", async (_, harm) => {
    await open();
    const acknowledged = await produce(20);
    const harming = harm();
    for (const value of await produceAgain(20, 60)) acknowledged.add(value);
    await harming;
    for (const value of await produceAgain(60, 80)) acknowledged.add(value);

    await drained(spool);
    await assertKept(acknowledged);
  });

  async function produceAgain(from: number, to: number): Promise<Set<string>> {
    const acknowledged = new Set<string>();
    await Promise.all(
      Array.from({ length: PRODUCERS }, async (_, producer) => {
        for (let i = from; i < to; i += 1) {
          await spool.send(TOPIC, producer % 2, [Buffer.from(`${producer}:${i}`)]);
          acknowledged.add(`${producer}:${i}`);
        }
      }),
    );
    return acknowledged;
  }

  it("loses and reorders nothing while answers are cut after the request was taken, or before", async () => {
    await open();
    let requests = 0;
    broker.proxy.cuts = 0;
    broker.proxy.onProduce = () => {
      requests += 1;
      if (requests % 30 === 15) return "mute";
      return (["kept", "pass", "torn", "lost", "pass"] as const)[requests % 5]!;
    };
    const acknowledged = await produce(100);
    await drained(spool);
    expect(broker.proxy.cuts).toBeGreaterThan(3);
    await assertKept(acknowledged);
  });

  it("loses and reorders nothing while Toxiproxy cuts answers", async () => {
    if (!link) return;
    await open();
    const producing = produce(200);
    for (const bytes of [3, 40, 90, 200]) {
      await link.toxic({ type: "limit_data", bytes });
      await sleep(300);
      await link.heal();
      await sleep(200);
    }
    await link.toxic({ type: "reset_peer", timeout: 5 });
    await sleep(500);
    await link.heal();
    const acknowledged = await producing;
    await drained(spool);
    await assertKept(acknowledged);
  });

  it("says that a broker takes a message no more, holds it, and goes on when it does", async () => {
    await open();
    const set = (bytes: string) =>
      broker.admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: TOPIC,
            configEntries: Object.entries({ ...TOPIC_CONFIG, "max.message.bytes": bytes }).map(
              ([name, value]) => ({ name, value }),
            ),
          },
        ],
      });
    await set("10000");
    await spool.send(TOPIC, 0, [Buffer.from("small"), Buffer.alloc(20_000), Buffer.from("after")]);
    while (!troubles.some(({ error }) => String(error).includes("MESSAGE_TOO_LARGE"))) await sleep(20);
    await spool.forwarded(TOPIC, 0, 1);
    while (!spool.status()[0]!.failing) await sleep(20);
    expect(spool.status()[0]).toMatchObject({ unsentEvents: 2 });

    await set("5242880");
    await drained(spool);
    expect(troubles.at(-1)).toMatchObject({ error: undefined });
  });

  it("loses and reorders nothing acknowledged when its process is killed, again and again", async () => {
    const acknowledged = new Set<string>();
    for (let run = 0; run < 8; run += 1) {
      const child = spawn(
        process.execPath,
        [CHILD, dir, broker.kafka.brokers[0]!, TOPIC, "16", String(run)],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const output: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
      await started(child);
      // Sometimes nothing is forwarded, sometimes the broker comes back in the middle.
      if (run % 3 === 1) broker.proxy.cutAll();
      await sleep(150 + 170 * run);
      broker.proxy.isDown = false;
      if (run % 2 === 1) await sleep(200);
      child.kill("SIGKILL");
      await once(child, "close");
      for (const line of Buffer.concat(output).toString().split("\n").slice(1, -1)) acknowledged.add(line);
    }
    expect(acknowledged.size).toBeGreaterThan(1_000);

    kafka = await reachKafka(options());
    spool = await openSpool({
      dir,
      partitions: { [TOPIC]: 1 },
      downstream: kafka,
      maxBytes: 1e9,
      pauses: QUICK,
    });
    await drained(spool);
    await assertKept(acknowledged);
  });
});
