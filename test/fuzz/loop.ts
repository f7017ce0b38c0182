import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutated } from "./mutate.ts";
import { random } from "./random.ts";
import type { Fuzzed } from "./target.ts";
import type { Watchdog } from "./watchdog.ts";

/** Bounds on one case. */
export interface Bounds {
  readonly ms: number;
  readonly bytes: number;
}

export const BOUNDS: Bounds = { ms: 2_000, bytes: 256 * 1024 * 1024 };

/** What went wrong, and how to see it again. */
export interface Failure {
  readonly target: string;
  readonly seed: string;
  readonly number: number;
  readonly why: string;
  /** Where the input was written. */
  readonly input: string;
}

export interface Case {
  readonly target: string;
  readonly seed: string;
  readonly number: number;
}

/**
 * Runs one case. Every case follows from seed, target and number alone.
 *
 * @returns undefined when it was read or refused as declared, within the bounds
 */
export async function runCase(
  fuzzed: Fuzzed,
  { target, seed, number }: Case,
  bounds: Bounds = BOUNDS,
  watchdog?: Watchdog,
): Promise<Failure | undefined> {
  const input = mutated(fuzzed.samples, random(`${seed}/${target}/${number}`));
  watchdog?.watch({ target, seed, number }, input);
  let why = await trial(fuzzed, input, bounds);
  // A busy machine is no defect: what is slow has to be slow twice.
  if (why === SLOW) why = await trial(fuzzed, input, bounds);
  watchdog?.rest();
  if (why === undefined) return undefined;
  const path = join(tmpdir(), `daybook-fuzz-${target}-${seed}-${number}`);
  await writeFile(path, input, { mode: 0o600 });
  return { target, seed, number, why, input: path };
}

const SLOW = "took too long";

async function trial(fuzzed: Fuzzed, input: Buffer, { ms, bytes }: Bounds): Promise<string | undefined> {
  const peak = peakBytes();
  const start = performance.now();
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(SLOW), ms);
  try {
    const why = await Promise.race([outcome(fuzzed, input), late.promise]);
    if (why !== undefined) return why;
    if (performance.now() - start > ms) return SLOW;
    const grown = peakBytes() - peak;
    return grown > bytes ? `took ${Math.round(grown / 2 ** 20)} MiB` : undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function outcome(fuzzed: Fuzzed, input: Buffer): Promise<string | undefined> {
  try {
    // A copy: what a reader changes in its input must not make the case another one.
    await fuzzed.read(Buffer.from(input));
    return undefined;
  } catch (error) {
    if (fuzzed.declared(error)) return undefined;
    return error instanceof Error ? (error.stack ?? error.message) : "threw what is no error";
  }
}

/** The most that the process has had resident so far. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1_024;
}
