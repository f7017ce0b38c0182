import fc from "fast-check";
import { timelineOf } from "../src/health/timeline.ts";

describe("a timeline", () => {
  const state = fc.constantFrom("live", "catching-up", "down" as const);
  const told = fc
    .tuple(fc.integer({ min: -5, max: 25 }), fc.integer({ min: 0, max: 12 }), state)
    .map(([from, length, one]) => ({ from, to: from + length, state: one }) as const);
  const ORDER = ["unknown", "down", "catching-up", "live"];

  it("covers a period once, and tells the best that is said of each instant", () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 12 }), (all) => {
        const stretches = timelineOf(all, { from: 0, to: 20 });
        expect(stretches[0]?.from).toBe(0);
        expect(stretches.at(-1)?.to).toBe(20);
        for (const [i, one] of stretches.entries()) {
          const next = stretches[i + 1];
          if (next) expect([one.to, one.state !== next.state]).toEqual([next.from, true]);
        }
        for (let at = 0; at < 20; at += 1) {
          const best = Math.max(
            0,
            ...all.filter(({ from, to }) => from <= at && at < to).map((one) => ORDER.indexOf(one.state)),
          );
          const here = stretches.find(({ from, to }) => from <= at && at < to);
          expect(here?.state).toBe(ORDER[best]);
        }
      }),
    );
  });
});
