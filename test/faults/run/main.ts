import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { type Outcome, runFaults } from "./run.ts";

const USAGE = `npm run faults -- [--minutes N] [--seed TEXT] [--rate EVENTS] [--archivers N] [--shards N] [--json]
  the same seed plans the same faults\n`;
const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: randomBytes(4).toString("hex") },
    rate: { type: "string", default: "500" },
    archivers: { type: "string", default: "2" },
    shards: { type: "string", default: "4" },
    json: { type: "boolean", default: false },
  },
});
const numbers = [values.minutes, values.rate, values.archivers, values.shards].map(Number);
if (numbers.some((number) => !(number > 0))) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const [minutes, eventsPerSecond, archivers, shards] = numbers as [number, number, number, number];
const { seed, json } = values;
const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());
const say = (line: string) => process.stderr.write(`${line}\n`);

say(`seed ${seed}`);
try {
  report(
    await runFaults({
      seed,
      ms: minutes * MINUTE_MS,
      eventsPerSecond,
      archivers,
      shards,
      say,
      signal: stopping.signal,
    }),
  );
} catch (error) {
  for (const line of messagesOf(error)) say(`seed ${seed}: the run broke off: ${line}`);
  process.exitCode = 1;
}

function report(outcome: Outcome | undefined): void {
  if (!outcome) {
    say("an engine is not installed (npm run lab -- --install): NOTHING was tried");
    process.exitCode = 1;
  } else {
    const { broken, steps, offered, acknowledged, records, checkpoints } = outcome;
    if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
    else {
      process.stdout.write(
        `seed ${seed}: ${steps.length} faults; ${offered} events offered, ${acknowledged} acknowledged ` +
          `(${outcome.acknowledgedPerSecond} a second), ${records} records, ${checkpoints} checkpoints; ready after ` +
          `${outcome.readyAfterMs ?? "never"} ms, settled after ${outcome.settledAfterMs ?? "never"} ms\n` +
          `ends of services besides the plan: ${JSON.stringify(outcome.ends)}; the store: ${JSON.stringify(outcome.store)}\n`,
      );
    }
    if (broken.length > 0) {
      say(
        `seed ${seed}: ${broken.join("\n")}\nlogs: ${outcome.logs ?? ""}\nagain: npm run faults -- --minutes ${minutes} --seed ${seed}`,
      );
      process.exitCode = 1;
    }
  }
}

/** What went wrong, and what went wrong in cleaning up after it. */
function messagesOf(error: unknown): string[] {
  if (error instanceof SuppressedError) return [...messagesOf(error.suppressed), ...messagesOf(error.error)];
  return [error instanceof Error ? error.message : "something failed"];
}
