import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { TOPICS } from "@daybook/contract";
import { createPayloadSealer, generateIngestKey, openSpool, type StreamProducer } from "@daybook/stream";
import kafkajs, { type Producer } from "kafkajs";
import { sealedPublisher } from "../../../services/cli/src/up/publisher.ts";
import { type DeployedEngines, startEngines } from "../../deployment/engines.ts";
import { type Bench, figure, percentile, timed } from "../figure.ts";
import { envelopes } from "../spine/events.ts";
import { makePlainTopics, openBenchStream, PARTITIONS } from "./stand.ts";

const PRODUCERS = 64;
const EACH = 300;
const ROUNDS = 5;
const SPOOL_BYTES = 1024 * 1024 * 1024;

/** Sends one event of 1 KiB to a partition, and resolves once it is acknowledged. */
type Send = (partition: number, event: Buffer) => Promise<unknown>;

/**
 * How long 64 producers wait, each for its event, over twelve partitions: through the spool, as connectors do; straight to
 * Kafka, as the records service sends its audit events; and by a bare kafkajs producer that sends what it is given at
 * once, with `acks=all` as ours.
 */
export const acknowledgingOnKafka: Bench = async ({ scale, dir }) => {
  const engines = await startEngines(dir, PARTITIONS, { measured: true });
  if (!engines) throw new Error("an engine is not installed: npm run lab -- --install");
  await using open = new AsyncDisposableStack();
  open.defer(() => engines.stop());
  await makePlainTopics(engines, PARTITIONS);
  const stream = await openBenchStream(engines, PARTITIONS);
  open.defer(() => stream.close());
  await mkdir(join(dir, "spool"), { mode: 0o700 });
  const spool = await openSpool({
    dir: join(dir, "spool"),
    partitions: { [TOPICS.events]: PARTITIONS },
    downstream: stream,
    maxBytes: SPOOL_BYTES,
  });
  open.defer(() => spool.close());
  const bare = await bareProducer(engines);
  open.defer(() => bare.disconnect());

  const { publicKey } = await generateIngestKey();
  const sealer = createPayloadSealer({ publicKey: () => publicKey });
  const sealed = (producer: StreamProducer): Send => {
    const publisher = sealedPublisher(producer, sealer);
    return (partition, event) => publisher.publish(TOPICS.events, partition, [event]);
  };
  const ways: Readonly<Record<"spool" | "kafka" | "bare", Send>> = {
    spool: sealed(spool),
    kafka: sealed(stream),
    bare: (partition, value) =>
      bare.send({ topic: "bench.alone", acks: -1, messages: [{ partition, value }] }),
  };
  const times = { spool: [] as number[], kafka: [] as number[], bare: [] as number[] };
  const each = Math.max(1, Math.round((EACH * scale) / ROUNDS));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const way of ["spool", "kafka", "bare"] as const) {
      const waits = await produce(ways[way], each, round);
      if (round > 0) times[way].push(...waits);
    }
  }
  const beside = { name: "a bare kafkajs producer", value: percentile(times.bare, 0.99) };
  const p99 = (through: string, way: "spool" | "kafka") =>
    figure({
      figure: `durable acknowledgement p99, 64 producers, ${through}`,
      value: percentile(times[way], 0.99),
      unit: "ms",
      baseline: beside,
      aim: "1.5 x",
      met: (_, ratio) => ratio <= 1.5,
    });
  return [p99("through the spool", "spool"), p99("straight to Kafka", "kafka")];
};

async function produce(send: Send, each: number, round: number): Promise<number[]> {
  const made = Array.from({ length: PRODUCERS }, (_, n) => envelopes((round * PRODUCERS + n) * each, each));
  const times: number[] = [];
  await Promise.all(
    made.map(async (events, n) => {
      for (const event of events) times.push((await timed(() => send(n % PARTITIONS, event))).ms);
    }),
  );
  return times;
}

async function bareProducer({ kafka }: DeployedEngines): Promise<Producer> {
  const { brokers, ca, username, password } = kafka.secure!;
  const producer = new kafkajs.Kafka({
    brokers: [...brokers],
    ssl: { ca },
    sasl: { mechanism: "scram-sha-512", username, password },
    logLevel: kafkajs.logLevel.NOTHING,
  }).producer();
  await producer.connect();
  return producer;
}
