import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { FERGUS, OFFICIAL } from "../../../connectors/sms/test/fixtures/pdus.ts";
import { hasJsmpp, Jsmpp } from "../../fakes/jsmpp/index.ts";
import { cpuSeconds } from "../engines/cpu.ts";
import { type Bench, type Figure, figure, timed } from "../figure.ts";

/** Unanswered at a time, and how many come: a window of one waits for the disk at each. */
const WINDOWS = [
  [1, 1_000],
  [10, 5_000],
  [50, 20_000],
] as const;
/** The code is compiled by then. */
const WARM_UP = 2_000;
const LENGTH = 48;
const SYNCS = 500;

/**
 * Messages that jSMPP's SMSC delivers and a connector in a process of its own answers, once they are durable: at several
 * windows, beside bare fdatasyncs that are timed between.
 */
export const capturing: Bench = async ({ scale, dir, say }) => {
  if (!hasJsmpp()) throw new Error("jSMPP or a JDK is missing: npm run lab -- --install");
  await using closing = new AsyncDisposableStack();
  const jsmpp = await Jsmpp.start();
  closing.defer(() => jsmpp.close());
  const program = join(import.meta.dirname, "receiver.ts");
  const child = spawn(process.execPath, [program, dir, String(jsmpp.port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  closing.defer(async () => {
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  });
  const disk = await open(join(dir, "bare"), "w");
  closing.defer(() => disk.close());
  const load = (window: number, count: number) =>
    jsmpp.load({ count, window, source: FERGUS, destination: OFFICIAL, length: LENGTH });
  say("warming up");
  await load(50, Math.max(100, WARM_UP * scale));
  const figures: Figure[] = [];
  for (const [window, most] of WINDOWS) {
    const count = Math.max(100, Math.round(most * scale));
    say(`window ${window}`);
    const before = await sync(disk);
    const cpuBefore = cpuSeconds(child.pid ?? 0);
    const ms = await load(window, count);
    const cpuMicros = ((cpuSeconds(child.pid ?? 0) - cpuBefore) * 1e6) / count;
    const syncs = [...before, ...(await sync(disk))];
    const perSecond = 1_000 / (syncs.reduce((sum, one) => sum + one, 0) / syncs.length);
    figures.push(
      figure({
        figure: `messages captured and answered per second, window ${window}`,
        value: count / (ms / 1_000),
        unit: "/s",
        baseline: { name: "fdatasyncs of 1 KiB, one after another", value: perSecond },
        aim: "said apart",
        met: () => true,
      }),
      figure({
        figure: `the connector's processor time a message, window ${window}`,
        value: cpuMicros,
        unit: "µs",
        aim: "said apart",
        met: () => true,
      }),
    );
  }
  return figures;
};

/** Milliseconds of each. */
async function sync(disk: FileHandle): Promise<number[]> {
  const block = randomBytes(1_024);
  const times: number[] = [];
  for (let n = 0; n < SYNCS; n += 1) {
    await disk.write(block);
    times.push((await timed(() => disk.datasync())).ms);
  }
  return times;
}
