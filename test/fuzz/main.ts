import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BOUNDS, type Failure, runCase } from "./loop.ts";
import type { Fuzzed } from "./target.ts";
import { TARGETS } from "./targets.ts";
import { startWatchdog } from "./watchdog.ts";

const USAGE = `npm run fuzz -- [--seconds N] [--seed TEXT] [--only NAME]... [--case N]
  --case runs one case of one target again, as a failure names it
  NAME is one of: ${TARGETS.map(({ name }) => name).join(", ")}\n`;
const TURN_MS = 250;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: randomBytes(4).toString("hex") },
    only: { type: "string", multiple: true },
    case: { type: "string" },
  },
});
const { seed, only } = values;
const chosen = TARGETS.filter(({ name }) => only?.includes(name) ?? true);
const names = new Set(TARGETS.map(({ name }) => name));
const seconds = Number(values.seconds);
const isOneCase = values.case !== undefined;
if (!(seconds > 0) || only?.some((name) => !names.has(name)) || (isOneCase && chosen.length !== 1)) {
  process.stderr.write(USAGE);
  process.exit(2);
}

process.stdout.write(`seed ${seed}\n`);
const dir = await mkdtemp(join(tmpdir(), "daybook-fuzz-"));
const watchdog = startWatchdog();
const running: { name: string; fuzzed: Fuzzed; cases: number }[] = [];
let failure: Failure | undefined;
try {
  for (const { name, prepare } of chosen) {
    running.push({ name, fuzzed: await prepare(await mkdtemp(join(dir, "target-"))), cases: 0 });
  }
  const first = running[0];
  if (first !== undefined && isOneCase) {
    const which = { target: first.name, seed, number: Number(values.case) };
    failure = await runCase(first.fuzzed, which, BOUNDS, watchdog);
  } else await untilTimeIsUp();
} finally {
  for (const { fuzzed } of running) await fuzzed.close?.();
  await watchdog.close();
  await rm(dir, { recursive: true, force: true });
}
if (!isOneCase) for (const { name, cases } of running) process.stdout.write(`${name}: ${cases} cases\n`);
if (failure !== undefined) {
  const { target, number, input, why } = failure;
  const again = `npm run fuzz -- --only ${target} --seed ${seed} --case ${number}`;
  process.stderr.write(
    `${target}: case ${number} of seed ${seed}: ${why}\ninput: ${input}\nagain: ${again}\n`,
  );
  process.exitCode = 1;
}

/** Gives each target its turn, round after round, until one fails or the time is up. */
async function untilTimeIsUp(): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const each of running) {
      const turn = Math.min(performance.now() + TURN_MS, end);
      do {
        const which = { target: each.name, seed, number: each.cases };
        failure = await runCase(each.fuzzed, which, BOUNDS, watchdog);
        if (failure !== undefined) return;
        each.cases += 1;
      } while (performance.now() < turn);
    }
  }
}
