import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createPayloadSealer, generateIngestKey, openFileStream } from "@daybook/stream";
import { sealedPublisher } from "../../../services/cli/src/up/publisher.ts";
import { type Bench, figure, percentile, timed } from "../figure.ts";
import { envelopes } from "./events.ts";

const PRODUCERS = 64;
const EACH = 500;
const ROUNDS = 5;

/** How long a producer waits until its event is durable, 64 at once, beside what one fdatasync takes. */
export const acknowledgement: Bench = async ({ scale, dir }) => {
  const stream = await openFileStream({ dir: join(dir, "stream"), partitions: { bench: 1 } });
  const bare = await open(join(dir, "bare"), "w");
  try {
    const { publicKey } = await generateIngestKey();
    const publisher = sealedPublisher(stream, createPayloadSealer({ publicKey: () => publicKey }));
    const each = Math.max(1, Math.round((EACH * scale) / ROUNDS));
    const sent: number[] = [];
    const synced: number[] = [];
    const block = randomBytes(1_024);
    for (let round = 0; round <= ROUNDS; round += 1) {
      const times: number[] = [];
      const made = Array.from({ length: PRODUCERS }, (_, producer) =>
        envelopes((round * PRODUCERS + producer) * each, each),
      );
      await Promise.all(
        made.map(async (payloads) => {
          for (const payload of payloads)
            times.push((await timed(() => publisher.publish("bench", 0, [payload]))).ms);
        }),
      );
      const flushes: number[] = [];
      for (let n = 0; n < each * 4; n += 1) {
        await bare.write(block);
        flushes.push((await timed(() => bare.datasync())).ms);
      }
      if (round > 0) {
        sent.push(...times);
        synced.push(...flushes);
      }
    }
    return [
      figure({
        figure: "durable acknowledgement p99, 64 producers",
        value: percentile(sent, 0.99),
        unit: "ms",
        baseline: { name: "fdatasync of 1 KiB p99", value: percentile(synced, 0.99) },
        aim: "2 ms or 3 x",
        met: (value, ratio) => value <= 2 || ratio <= 3,
      }),
    ];
  } finally {
    await bare.close();
    await stream.close();
  }
};
