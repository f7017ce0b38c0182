// Sends numbered payloads from several producers at once through the spool in the directory of its first argument to
// the Kafka at its second, until it is killed, and says what was acknowledged: `<producer> <number>`, a line each.
import { writeSync } from "node:fs";
import { reachKafka } from "../../src/spool/reach-kafka.ts";
import { openSpool } from "../../src/spool/spool.ts";

const [dir, broker, topic, producers, run] = process.argv.slice(2);
const partitions = { [topic!]: 1 };
const downstream = await reachKafka({
  brokers: [broker!],
  partitions,
  retentionMs: 1_000,
  singleReplica: true,
  patienceMs: 1_000,
});
const spool = await openSpool({ dir: dir!, partitions, downstream, maxBytes: 1e9, segmentBytes: 50_000 });
writeSync(1, "open\n");

await Promise.all(
  Array.from({ length: Number(producers) }, async (_, producer) => {
    for (let i = 0; ; i += 1) {
      const value = `${run}/${producer}:${i}`;
      await spool.send(topic!, 0, [Buffer.from(`${value} `.padEnd(150 + (i % 700), "."))]);
      writeSync(1, `${value}\n`);
    }
  }),
);
