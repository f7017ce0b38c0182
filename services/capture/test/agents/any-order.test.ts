import type { SignedBatch } from "@daybook/contract/testing";
import fc from "fast-check";
import { intake } from "./support.ts";

const HOUR_MS = 3_600_000;
const MOST = 8;
const stage = intake();

/** What happens on the way: each step sends a batch, which may be lost before, or its answer after. */
const step = fc.record({
  number: fc.integer({ min: 1, max: MOST }),
  fault: fc.constantFrom(undefined, undefined, "lost" as const, "kept" as const),
});

it("records what each batch holds once, in whatever order and however often it comes, and a gap for each that never does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 16 }), async (steps) => {
      const agent = await stage.enrolled();
      const made = new Map<number, SignedBatch>();
      const taken = new Set<number>();
      for (const { number, fault } of steps) {
        const batch = made.get(number) ?? agent.batch(number, [{ raw: `${agent.id} ${number}` }]);
        made.set(number, batch);
        if (fault && !taken.has(number)) stage.rig.publisher.faults.push(fault);
        const { status } = await agent.send(stage.url, batch);
        expect(status).toBe(fault && !taken.has(number) ? 503 : 200);
        if (status === 200) taken.add(number);
      }
      await stage.lookAfter(HOUR_MS);
      await stage.lookAfter(HOUR_MS);
      const kept = new Set(steps.filter(({ fault }) => fault === "kept").map(({ number }) => number));
      const recorded = new Set(stage.texts(agent));
      expect(stage.texts(agent)).toHaveLength(recorded.size);
      for (const number of made.keys())
        if (taken.has(number) || kept.has(number)) expect(recorded).toContain(`${agent.id} ${number}`);
      const highest = Math.max(0, ...taken);
      const missing = stage.records(agent, "gap").flatMap(({ gap }) => numbersOf(gap!.about!));
      expect(missing).toEqual(Array.from({ length: highest }, (_, n) => n + 1).filter((n) => !taken.has(n)));
    }),
    { numRuns: 25 },
  );
}, 240_000);

function numbersOf(about: string): number[] {
  const [first = 0, last = first] = (about.match(/\d+/g) ?? []).map(Number);
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}
