import fc from "fast-check";
import { FAULTS, planFaults, type Step, whose } from "./plan.ts";

const parts = {
  services: ["capture", "archiver-0", "archiver-1", "records"],
  links: ["kafka", "store", "postgres", "records"],
  disks: ["spool", "broker"],
};
const MINUTE_MS = 60_000;
const seeds = fc.string();
const over = ({ atMs, forMs }: Step) => atMs + forMs;

it("plans the same for the same seed, and something else for another", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const plan = planFaults({ seed, ms: 5 * MINUTE_MS, parts });
      expect(planFaults({ seed, ms: 5 * MINUTE_MS, parts })).toEqual(plan);
      expect(planFaults({ seed: `${seed}.`, ms: 5 * MINUTE_MS, parts })).not.toEqual(plan);
    }),
  );
});

it("has every kind of fault in twenty minutes, whatever the seed", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const plan = planFaults({ seed, ms: 20 * MINUTE_MS, parts });
      expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULTS));
    }),
  );
});

it("begins a longer run as it begins a shorter one", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 10 }), (seed, minutes) => {
      const short = planFaults({ seed, ms: minutes * MINUTE_MS, parts });
      const long = planFaults({ seed, ms: 20 * MINUTE_MS, parts });
      expect(long.slice(0, short.length)).toEqual(short);
    }),
  );
});

it("leaves time to recover after every round and before the end", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, minutes) => {
      const plan = planFaults({ seed, ms: minutes * MINUTE_MS, parts });
      for (const [i, step] of plan.entries()) {
        expect(over(step)).toBeLessThanOrEqual(minutes * MINUTE_MS - 5_000);
        const others = plan.filter(
          (other, j) => j !== i && other.atMs < over(step) && over(other) > step.atMs,
        );
        expect(others.length).toBeLessThanOrEqual(1);
        expect(others.map(whose)).not.toContain(whose(step));
      }
      const ends = plan.map(over);
      const rests = plan.filter(
        ({ atMs }, i) => i > 0 && atMs >= Math.max(...ends.slice(0, i).filter((end) => end <= atMs)) + 6_000,
      );
      // A round has two faults at most.
      expect(rests.length + 1).toBeGreaterThanOrEqual(Math.floor(plan.length / 2));
    }),
  );
});

it("spoils only what there is", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const bare = { services: ["capture"], links: ["kafka"], disks: [] };
      const plan = planFaults({ seed, ms: 20 * MINUTE_MS, parts: bare });
      expect(plan.map(({ kind }) => kind)).not.toContain("full-disk");
      const known = new Set(["capture", "kafka", "store", "postgres", "all"]);
      for (const { target } of plan) expect(known).toContain(target);
    }),
  );
});
