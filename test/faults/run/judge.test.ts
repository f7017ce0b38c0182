import { fsckProblems, miscounted, misindexed, unexplained, unready, unseen, unsettled } from "./judge.ts";

const network = { offered: 5, isAcknowledged: (n: number) => n < 3 };
const found = (copies: readonly (readonly [number, number])[]) => ({ copies: new Map(copies) });

it("asks that what was acknowledged is one record, and that nothing else is more than one", () => {
  const whole = [
    [0, 1],
    [1, 1],
    [2, 1],
  ] as const;
  expect(miscounted(network, found(whole))).toEqual([]);
  // Its acknowledgement may be on the way.
  expect(miscounted(network, found([...whole, [3, 1]]))).toEqual([]);
  expect(miscounted(network, found(whole.slice(1)))).toEqual(["1 acknowledged events are no record: 0"]);
  expect(miscounted(network, found([...whole.slice(0, 2), [2, 2], [4, 3]]))).toEqual([
    "2 events are more than one record: 2, 4",
  ]);
  expect(miscounted(network, found([...whole, [5, 1]]))).toEqual([
    "1 records are of events that nobody sent: 5",
  ]);
});

it("asks that every service is ready", async () => {
  const is = (answer: boolean) => ({ isReady: () => Promise.resolve(answer) });
  expect(await unready(new Map([["records", is(true)]]))).toBeUndefined();
  expect(
    await unready(
      new Map([
        ["records", is(false)],
        ["capture", is(true)],
        ["evidence", is(false)],
      ]),
    ),
  ).toBe("records and evidence is not ready");
});

describe("asks that nothing waits any more", () => {
  const settled = { waiting: 0, unsent: 0 as number | undefined, parked: 0, lag: 0, size: 7, catalogued: 7 };
  const asked = ({ waiting, unsent, parked, lag, size, catalogued }: typeof settled) => {
    const status = { parked, shards: [{ shard: "3", lag, size, catalogued }] };
    return unsettled(
      {
        services: new Map([["capture", { metric: () => Promise.resolve(unsent) }]]),
        json: <T>() => Promise.resolve(status as T),
      },
      { waiting },
    );
  };

  it("and says nothing where nothing does", async () => {
    expect(await asked(settled)).toBeUndefined();
  });

  it.each([
    [{ waiting: 2 }, "2 events are not acknowledged"],
    [{ unsent: 3 }, "3 events wait in the spool"],
    [{ unsent: undefined }, "who knows how many events wait in the spool"],
    [{ parked: 1 }, "1 events are parked"],
    [{ lag: 4 }, "shard 3 lacks 4 events and 0 rows"],
    [{ catalogued: 5 }, "shard 3 lacks 0 events and 2 rows"],
    [{ catalogued: 8 }, "shard 3 lacks 0 events and -1 rows"],
  ])("where %j: %s", async (spoiled, said) => {
    expect(await asked({ ...settled, ...spoiled })).toBe(said);
  });
});

it("asks that Daybook's own check finds nothing", async () => {
  const ran = (code: number, stdout: string, stderr: string) => ({
    run: () => Promise.resolve({ code, stdout, stderr }),
  });
  expect(await fsckProblems(ran(0, '{"ok":true}', ""))).toEqual([]);
  expect(await fsckProblems(ran(1, '{"ok":false}', ""))).toEqual(['fsck is not clean: {"ok":false}']);
  expect(await fsckProblems(ran(1, "", "no answer"))).toEqual(["fsck is not clean: no answer"]);
});

it("asks that the catalogue has a row for every leaf, in its place, and no other", () => {
  const leaves = new Map<string, readonly string[]>([
    ["0", ["a", "b"]],
    ["1", ["c"]],
    ["2", []],
  ]);
  const of = (...rows: string[][]) => misindexed(rows, { leaves });

  expect(of(["c"], ["a", "b"])).toEqual([]);
  expect(of(["a", "b"])).toEqual([
    "the catalogue has 2 rows for 3 leaves",
    "the rows of shard 1 are not its leaves",
  ]);
  expect(of(["a", "b"], ["c"], ["d"])).toEqual(["the catalogue has 4 rows for 3 leaves"]);
  expect(of(["b", "a"], ["c"])).toEqual(["the rows of shard 0 are not its leaves"]);
  expect(of(["a", "x"], ["c"])).toEqual(["the rows of shard 0 are not its leaves"]);
});

it("asks that checkpoints were seen by every way, and that nothing is a gap", () => {
  expect(unseen({ api: 1, bucket: 1 })).toEqual([]);
  expect(unseen({ api: 1, bucket: 0 })).toEqual(["no checkpoint was ever seen by way of the bucket"]);
  expect(unexplained(0)).toEqual([]);
  expect(unexplained(1)).toEqual(["1 gaps are recorded, and no fault of the plan explains one"]);
});
