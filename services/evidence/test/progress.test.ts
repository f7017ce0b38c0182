import { Meter } from "../src/building/progress.ts";

let seconds = 0;
const now = () => new Date(Date.UTC(2026, 2, 10, 12) + seconds * 1_000);
beforeEach(() => {
  seconds = 0;
});

function reading(of: number, records: number, took: number): Meter {
  const meter = new Meter(of, now);
  meter.start();
  for (let n = 0; n < records; n += 1) meter.read("records");
  seconds += took;
  return meter;
}

describe("how long a build takes yet", () => {
  it("is not told before it has begun, nor at once", () => {
    expect(new Meter(100, now).progress()).toEqual({
      stage: "waiting",
      done: 0,
      of: 100,
      bytes: 0,
      startedAt: null,
      secondsLeft: null,
    });
    expect(reading(1_000, 500, 1).progress().secondsLeft).toBeNull();
    expect(reading(1_000, 10, 60).progress().secondsLeft).toBeNull();
  });

  it.each([
    { of: 1_000, records: 250, took: 10, left: 30 },
    { of: 1_000, records: 999, took: 10, left: 1 },
    { of: 4, records: 1, took: 3, left: 9 },
  ])(
    "follows from the rate so far: $records of $of in $took s leave $left s",
    ({ of, records, took, left }) => {
      expect(reading(of, records, took).progress().secondsLeft).toBe(left);
    },
  );

  it("is not told any more when all is read, nor of what has nothing to read", () => {
    expect(reading(100, 100, 10).progress().secondsLeft).toBeNull();
    expect(reading(0, 0, 10).progress().secondsLeft).toBeNull();
  });

  it("tells what it is at", () => {
    const meter = reading(3, 2, 5);
    meter.written(4_096);
    expect(meter.progress()).toMatchObject({ stage: "records", done: 2, of: 3, bytes: 4_096 });
    expect(meter.progress().startedAt).toBe("2026-03-10T12:00:00.000Z");
    meter.read("reading-copies");
    meter.enter("receipt");
    expect(meter.progress()).toMatchObject({ stage: "receipt", done: 3 });
  });
});
