import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCase } from "./loop.ts";
import { mutated } from "./mutate.ts";
import { random } from "./random.ts";
import { type Fuzzed, holds } from "./target.ts";
import { TARGETS } from "./targets.ts";

// Those that write files for each case take a tenth of a second for one.
const casesOf = (name: string) => (/^(?:stream|package)-/.test(name) ? 30 : 300);
const SEED = "test";
// Other test files share this process and this machine.
const BOUNDS = { ms: 20_000, bytes: 1024 ** 3 };

describe.each(TARGETS.map((target) => [target.name, target] as const))("%s", (name, target) => {
  it("reads or refuses whatever it is given", async () => {
    const dir = await mkdtemp(join(tmpdir(), "daybook-fuzz-"));
    const fuzzed = await target.prepare(dir);
    try {
      for (let number = 0; number < casesOf(name); number += 1)
        expect(await runCase(fuzzed, { target: name, seed: SEED, number }, BOUNDS)).toBeUndefined();
    } finally {
      await fuzzed.close?.();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("reads a sample of its own", async () => {
    const dir = await mkdtemp(join(tmpdir(), "daybook-fuzz-"));
    const fuzzed = await target.prepare(dir);
    try {
      let read = 0;
      for (const sample of fuzzed.samples) {
        try {
          await fuzzed.read(Buffer.from(sample));
          read += 1;
        } catch (error) {
          // Some samples are there to be refused.
          expect(fuzzed.declared(error)).toBe(true);
        }
      }
      expect(read).toBeGreaterThan(0);
    } finally {
      await fuzzed.close?.();
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe("the loop", () => {
  const planted = (read: Fuzzed["read"]): Fuzzed => ({
    samples: [Buffer.from("a sample of some length")],
    read,
    declared: (error) => error instanceof SyntaxError,
  });
  async function firstFailure(fuzzed: Fuzzed, bounds = BOUNDS) {
    for (let number = 0; number < 300; number += 1) {
      const failure = await runCase(fuzzed, { target: "planted", seed: SEED, number }, bounds);
      if (failure === undefined) continue;
      const input = await readFile(failure.input);
      await rm(failure.input);
      return { ...failure, bytes: input };
    }
    return undefined;
  }

  it("catches an error that is not declared, and keeps the input that makes it", async () => {
    const fuzzed = planted((bytes) => {
      if (bytes.includes(0)) throw new TypeError("planted");
    });
    const failure = await firstFailure(fuzzed);
    expect(failure?.why).toContain("TypeError: planted");
    expect(failure?.bytes.includes(0)).toBe(true);
    const again = mutated(fuzzed.samples, random(`${SEED}/planted/${failure?.number ?? -1}`));
    expect(again).toEqual(failure?.bytes);
  });

  it("catches a property that does not hold", async () => {
    const failure = await firstFailure(planted((bytes) => holds(bytes.length > 12, "long enough")));
    expect(failure?.why).toContain("long enough");
  });

  it("catches what never ends", async () => {
    const failure = await firstFailure(
      planted(() => new Promise(() => undefined)),
      { ...BOUNDS, ms: 20 },
    );
    expect(failure?.why).toBe("took too long");
  });

  it("catches what takes too much memory", async () => {
    const failure = await firstFailure(
      planted((bytes) => Buffer.alloc(64 * 1024 * 1024 + bytes.length * 1_000_000, 1)),
      { ...BOUNDS, bytes: 1024 * 1024 },
    );
    expect(failure?.why).toMatch(/^took \d+ MiB$/);
  });

  it("lets an error pass that is declared", async () => {
    expect(
      await firstFailure(
        planted(() => {
          throw new SyntaxError("declared");
        }),
      ),
    ).toBeUndefined();
  });
});
