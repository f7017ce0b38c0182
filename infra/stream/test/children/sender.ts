// Sends numbered payloads from several producers at once to the stream in the directory of its first argument,
// until it is killed, and says what was acknowledged: `<offset> <producer> <number>`, a line each.
import { writeSync } from "node:fs";
import { openFileStream } from "../../src/file/file-stream.ts";

const [dir, producers, run] = process.argv.slice(2);
const stream = await openFileStream({ dir: dir!, partitions: { events: 1 }, segmentBytes: 50_000 });
writeSync(1, "open\n");

await Promise.all(
  Array.from({ length: Number(producers) }, async (_, producer) => {
    for (let i = 0; ; i += 2) {
      const payloads = [i, i + 1].map((number) =>
        Buffer.from(`${run}/${producer} ${number} `.padEnd(150 + (i % 700), ".")),
      );
      const offset = await stream.send("events", 0, payloads);
      writeSync(1, `${offset} ${run}/${producer} ${i}\n${offset + 1} ${run}/${producer} ${i + 1}\n`);
    }
  }),
);
