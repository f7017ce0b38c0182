import { z } from "zod";
import type { Output } from "../output.ts";
import { lines } from "./lines.ts";

const progress = z.object({ what: z.string(), shard: z.string(), done: z.number(), of: z.number() });
const finished = z.object({ ok: z.literal(true), records: z.number() });

/** @returns whether every row is there again */
export async function rebuild(output: Output): Promise<boolean> {
  const pace = new Pace();
  const last = await lines("/api/v1/rebuild", (value) => {
    const at = progress.safeParse(value);
    if (at.success) output.progress(pace.line(at.data, performance.now()));
  });
  const done = finished.safeParse(last);
  output.result(last, () =>
    done.success
      ? `${done.data.records} records are in the catalogue again.`
      : "The rebuild broke off: see the server's log, and repeat it: it goes on from there.",
  );
  return done.success;
}

/** How fast a shard's rows are made, and how long the rest of them takes at that. */
export class Pace {
  #since: { key: string; done: number; at: number } | undefined;

  /** @param now milliseconds, of a clock that only goes forward */
  line({ what, shard, done, of }: z.infer<typeof progress>, now: number): string {
    const key = `${what}/${shard}`;
    if (this.#since?.key !== key) this.#since = { key, done, at: now };
    const line = `rebuilding the ${what} of shard ${shard}: ${done} of ${of} records`;
    const seconds = (now - this.#since.at) / 1_000;
    const perSecond = (done - this.#since.done) / seconds;
    if (!(seconds > 0 && perSecond > 0)) return line;
    return `${line}, ${Math.round(perSecond)}/s, ${duration((of - done) / perSecond)} to go`;
  }
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
