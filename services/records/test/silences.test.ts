import fc from "fast-check";
import { isNumber, periodOf, type Run, type Said, SILENCE_MS } from "../src/participants/silences.ts";

const DAY_MS = 86_400_000;
const START = Date.parse("2026-01-01T00:00:00.000Z");
const at = (day: number, ms = 0) => START + day * DAY_MS + ms;
const run = (first: number, last = first, records = 1): Run => ({ first, last, records });
const openSince = (from: number): Said => ({ from, to: null, sure: { from, to: from } });
const saidAt = (time: number): Said => ({ from: null, to: null, sure: { from: time, to: time } });

/** As the catalogue parts them. */
function runsOf(times: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const time of times.toSorted((a, b) => a - b)) {
    const open = runs.at(-1);
    if (open && time - open.last <= SILENCE_MS)
      runs[runs.length - 1] = { ...open, last: time, records: open.records + 1 };
    else runs.push(run(time));
  }
  return runs;
}

const isIn = ({ from, to }: { from: number | null; to: number | null }, time: number) =>
  (from === null || time >= from) && (to === null || time < to);

describe("what is theirs of a number", () => {
  it("goes on over a silence of 90 days, and ends at one that is a millisecond longer", () => {
    for (const [ms, theirs] of [
      [-1, 2],
      [0, 2],
      [1, 1],
    ] as const) {
      const times = [at(0), at(90, ms)];
      const { silences, ...period } = periodOf(openSince(at(0)), runsOf(times));
      expect(times.filter((time) => isIn(period, time))).toHaveLength(theirs);
      expect(silences).toHaveLength(2 - theirs);
    }
  });

  it("counts hours that went by, not days of a calendar whose clocks change in between", () => {
    // 90 days of Edinburgh's calendar, of which one has 23 hours: an hour less went by.
    const before = Date.parse("2026-03-01T12:00:00+00:00");
    const same = Date.parse("2026-05-30T12:00:00+01:00");
    expect(periodOf(openSince(before), runsOf([before, same])).silences).toEqual([]);
    const hourLater = Date.parse("2026-05-30T13:00:00+01:00");
    expect(periodOf(openSince(before), runsOf([before, hourLater])).silences).toEqual([]);
    expect(periodOf(openSince(before), runsOf([before, hourLater + 1])).silences).toHaveLength(1);
  });

  it("lies nearest before it was said, of a number that was in use at no such time, or else after it", () => {
    const [old, later, last] = [run(at(0)), run(at(200)), run(at(800))];
    expect(periodOf(saidAt(at(400)), [old, later, last])).toMatchObject({
      silences: [
        { side: "before", from: at(0), to: at(200), records: 1, confirm: at(0) },
        { side: "after", from: at(400), to: at(800), records: 1, confirm: at(800) },
      ],
    });
    expect(periodOf(saidAt(at(-300)), [old, later]).silences).toMatchObject([{ to: at(200) }]);
    expect(periodOf(openSince(at(-300)), [old])).toEqual({ from: at(-300), to: null, silences: [] });
    expect(periodOf(saidAt(at(0)), [])).toEqual({ from: null, to: null, silences: [] });
  });

  it("is what a person says it is, on a side where somebody gave its end", () => {
    const said = { from: at(0), to: at(900), sure: { from: at(0), to: at(900) } };
    expect(periodOf(said, runsOf([at(0), at(400)]))).toEqual({ from: at(0), to: at(900), silences: [] });
    const until = { from: null, to: at(500), sure: { from: at(500), to: at(500) } };
    expect(periodOf(until, runsOf([at(0), at(400)]))).toMatchObject({
      to: at(500),
      silences: [{ side: "before", confirm: at(0) }],
    });
  });

  it("is never merged over a longer silence unless a person says so, and is all of it once they did", () => {
    const time = fc.integer({ min: 0, max: 2_000 * 24 }).map((hour) => START + hour * 3_600_000);
    fc.assert(
      fc.property(
        fc.array(time, { minLength: 1, maxLength: 30 }),
        time,
        fc.boolean(),
        (times, first, since) => {
          const given = since ? times.filter((one) => one >= first) : times;
          const runs = runsOf(given);
          let said = since ? openSince(first) : saidAt(first);
          for (let left = runs.length; ; left -= 1) {
            const { silences, ...period } = periodOf(said, runs);
            const theirs = given.filter((one) => isIn(period, one)).toSorted((a, b) => a - b);
            const vouched = [said.sure.from, said.sure.to];
            // Whatever is theirs is near something that is, or that a person spoke of.
            for (const [n, one] of theirs.entries()) {
              const earlier = theirs[n - 1];
              const isSpanned = earlier !== undefined && said.sure.from <= one && said.sure.to >= earlier;
              expect(earlier === undefined || one - earlier <= SILENCE_MS || isSpanned).toBe(true);
            }
            expect(vouched.every((one) => isIn(period, one))).toBe(true);
            expect(silences.reduce((sum, { records }) => sum + records, 0)).toBe(
              given.length - theirs.length,
            );
            const [silence] = silences;
            if (!silence) {
              expect(theirs).toHaveLength(given.length);
              return;
            }
            expect(silence.to - silence.from).toBeGreaterThan(SILENCE_MS);
            expect(isIn(period, silence.confirm)).toBe(false);
            expect(left).toBeGreaterThan(0);
            const { confirm } = silence;
            said = {
              ...said,
              sure: { from: Math.min(said.sure.from, confirm), to: Math.max(said.sure.to, confirm) },
            };
          }
        },
      ),
    );
  });

  it("is judged of numbers alone: addresses and names come back to nobody", () => {
    for (const number of ["+447700900456", "60777", "447700900456@c.us"]) expect(isNumber(number)).toBe(true);
    for (const other of ["fergus@example.org", "BANK", "0f8fad5b-d9cb-469f-a165-70867728950e", ""])
      expect(isNumber(other)).toBe(false);
  });
});
