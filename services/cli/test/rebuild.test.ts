import { Pace } from "../src/commands/rebuild.ts";

const at = (done: number, shard = "0") => ({ what: "catalogue", shard, done, of: 1_000_000 });

it("tells the pace of a shard, and how long the rest takes, from the second word on", () => {
  const pace = new Pace();
  expect(pace.line(at(400_000), 5_000)).toBe(
    "rebuilding the catalogue of shard 0: 400000 of 1000000 records",
  );
  expect(pace.line(at(410_000), 6_000)).toMatch(/: 410000 of 1000000 records, 10000\/s, 59 s to go$/);
  expect(pace.line(at(410_100), 16_000)).toMatch(/, 918\/s, 10 min 43 s to go$/);
  expect(pace.line(at(410_110), 9_016_000)).toMatch(/, 1\/s, 146 h 2 min to go$/);
});

it("begins anew with each shard, and says nothing of a pace that it does not know", () => {
  const pace = new Pace();
  pace.line(at(1), 0);
  pace.line(at(500_000), 1_000);

  expect(pace.line(at(4_096, "1"), 2_000)).toMatch(/shard 1: 4096 of 1000000 records$/);
  expect(pace.line(at(4_096, "1"), 3_000)).toMatch(/records$/);
});
