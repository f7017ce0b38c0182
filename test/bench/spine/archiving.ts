import { TOPICS } from "@daybook/contract";
import { Pool } from "pg";
import { type Bench, figure, timed } from "../figure.ts";
import { startArchiving } from "./engines.ts";
import { envelopes } from "./events.ts";

const RECORDS = 100_000;
const ROUNDS = 5;
const BATCH = 500;
const INSERTED = 1_000;

/**
 * Records a second from a producer to a record that can be found: sealed, on the stream, archived, in the
 * catalogue. Beside it: the same JSON, as it is, inserted into a table with a primary key of the same server.
 */
export const archiving: Bench = async ({ scale, dir, say }) => {
  const running = await startArchiving(dir);
  const { engines, publisher, progress } = running;
  const pool = new Pool({ ...engines.connection, max: 2 });
  try {
    await pool.query("CREATE TABLE public.plain (id bigint PRIMARY KEY, record text NOT NULL)");
    const count = Math.round((RECORDS * scale) / ROUNDS);
    let ours = 0;
    let plain = 0;
    // The first round warms both up, and does not count.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const made = envelopes(round * count, count);
      const archived = await timed(async () => {
        let reached = 0;
        for (let at = 0; at < count; at += BATCH)
          reached = await publisher.publish(TOPICS.events, 0, made.slice(at, at + BATCH));
        await progress.archived("0", reached, { flush: true });
      });
      const inserted = await timed(async () => {
        for (let at = 0; at < count; at += INSERTED) {
          const part = made.slice(at, at + INSERTED);
          await pool.query("INSERT INTO public.plain SELECT * FROM unnest($1::bigint[], $2::text[])", [
            part.map((_, n) => round * count + at + n),
            part.map((one) => one.toString("utf8")),
          ]);
        }
      });
      say(
        `round ${round}: ${Math.round(count / (archived.ms / 1000))}/s, plain ${Math.round(count / (inserted.ms / 1000))}/s`,
      );
      if (round > 0) {
        ours += archived.ms;
        plain += inserted.ms;
      }
    }
    const rate = (ms: number) => (count * ROUNDS) / (ms / 1000);
    return [
      figure({
        figure: "archived end to end, 1 KiB",
        value: rate(ours),
        unit: "records/s",
        baseline: { name: "plain INSERT of the same JSON, 1,000 rows each", value: rate(plain) },
        aim: "10,000; under 5,000 is a defect",
        met: (value) => value >= 10_000,
      }),
    ];
  } finally {
    await pool.end();
    await running.close();
  }
};
