// A service that does what its argument names, run as every service is.
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger, run } from "../../src/index.ts";

const log = createLogger("service");
const untilStopped = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 1_000);
    signal.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
    log.info("running");
  });

const mains: Record<string, (signal: AbortSignal) => Promise<void>> = {
  ends: () => Promise.resolve(),
  fails: () => Promise.reject(new Error("meet at noon")),
  "stops when told": untilStopped,
  "never stops": async (signal) => {
    await untilStopped(signal);
    await new Promise(() => setInterval(() => undefined, 1_000));
  },
  "leaves something running": async () => {
    setInterval(() => undefined, 1_000);
    await sleep(1);
  },
  "forgets an error": async (signal) => {
    setImmediate(() => {
      throw new Error("meet at noon");
    });
    await untilStopped(signal);
    log.info("finished");
  },
  "forgets a promise": async (signal) => {
    void Promise.reject(new Error("meet at noon"));
    await untilStopped(signal);
    log.info("finished");
  },
};

const main = mains[process.argv[2] ?? ""];
if (main) await run(log, main, { graceMs: 200 });
