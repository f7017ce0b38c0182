import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openFileStream } from "../src/file/file-stream.ts";
import { openSpool } from "../src/spool/spool.ts";
import { removeTemporary, temporary } from "./temporary.ts";
import { contents, drained, QUICK } from "./through-spool.ts";

const CHILD = join(import.meta.dirname, "children", "spool-steps.ts");
const partitions = { events: 1 };
/** At once: each waits a second for the position to be written. */
const AT_ONCE = 8;

afterAll(removeTemporary);

/** Runs the child to its end. @returns the lines it wrote */
async function run(dir: string, step: number, name: string): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, dir, String(step), name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  await once(child, "close");
  return Buffer.concat(output).toString().split("\n").slice(0, -1);
}

/** What is downstream in the end. */
async function inTheEnd(dir: string): Promise<string[]> {
  await using behind = await openFileStream({ dir: join(dir, "behind"), partitions });
  await using spool = await openSpool({
    dir: join(dir, "spool"),
    partitions,
    downstream: behind,
    maxBytes: 1e6,
    segmentBytes: 200,
    pauses: QUICK,
  });
  await drained(spool);
  return (await contents(behind, "events")).map(({ text }) => text.trim());
}

async function crashAt(step: number): Promise<void> {
  const dir = await temporary();
  const acknowledged: string[] = [];
  for (const name of ["first", "second"]) {
    const lines = await run(dir, step, name);
    acknowledged.push(...lines.filter((line) => !line.startsWith("done")));
  }
  const kept = [...new Set(await inTheEnd(dir))];
  const at = `killed before step ${step}`;
  expect({ at, missing: acknowledged.filter((value) => !kept.includes(value)) }).toEqual({ at, missing: [] });
  for (const name of ["first", "second"]) {
    const own = kept.filter((value) => value.startsWith(name));
    expect({ at, own }).toEqual({ at, own: own.map((_, i) => `${name}:${i}`) });
  }
  const firstOfSecond = kept.findIndex((value) => value.startsWith("second"));
  expect(kept.slice(Math.max(firstOfSecond, 0)).filter((value) => value.startsWith("first"))).toEqual(
    firstOfSecond === -1 ? kept : [],
  );
}

it("loses and reorders nothing acknowledged, wherever in its work it is killed, twice", async () => {
  const whole = await run(await temporary(), Infinity, "whole");
  const steps = Number(whole.at(-1)!.split(" ")[1]);
  expect(steps).toBeGreaterThan(50);

  const cases = Array.from({ length: steps }, (_, i) => i + 1);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let step = cases.shift(); step !== undefined; step = cases.shift()) await crashAt(step);
    }),
  );
}, 600_000);
