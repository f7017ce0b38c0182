// Run by plain-peer.ts: what an engineer would write in an afternoon. A kafkajs consumer that PUTs what it reads, as it
// is, `size` records an object, and commits offsets; of one record an object, message by message. Prints how many
// records it has put, a line an object.
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import kafkajs from "kafkajs";
import type { SinkOptions } from "./plain-peer.ts";

const { kafka, store, topic, bucket, size, concurrency } = JSON.parse(
  process.env.BENCH_SINK ?? "",
) as SinkOptions;
const s3 = new S3Client({
  endpoint: store.endpoint,
  region: store.region,
  credentials: store.credentials,
  forcePathStyle: true,
  requestHandler: { httpsAgent: { ca: store.ca } },
});
const client = new kafkajs.Kafka({
  brokers: [...kafka.brokers],
  ssl: { ca: kafka.ca },
  sasl: { mechanism: "scram-sha-512", username: kafka.username, password: kafka.password },
  logLevel: kafkajs.logLevel.ERROR,
});
const consumer = client.consumer({ groupId: topic });
let stored = 0;

async function put(partition: number, offset: string, records: readonly (Buffer | null)[]): Promise<void> {
  const newline = Buffer.from("\n");
  const body = Buffer.concat(records.flatMap((one) => [one ?? Buffer.alloc(0), newline]));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${topic}/${partition}/${offset}`, Body: body }));
  stored += records.length;
  process.stdout.write(`${stored}\n`);
}

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
if (size === 1) {
  await consumer.run({
    partitionsConsumedConcurrently: concurrency,
    eachMessage: ({ partition, message }) => put(partition, message.offset, [message.value]),
  });
} else {
  const held = new Map<number, (Buffer | null)[]>();
  await consumer.run({
    partitionsConsumedConcurrently: concurrency,
    autoCommit: false,
    eachBatch: async (read) => {
      const { partition, messages } = read.batch;
      const open = held.get(partition) ?? [];
      held.set(partition, open);
      for (const { offset, value } of messages) {
        open.push(value);
        if (open.length < size) continue;
        await put(partition, offset, open.splice(0));
        await consumer.commitOffsets([{ topic, partition, offset: String(Number(offset) + 1) }]);
        await read.heartbeat();
      }
    },
  });
}
