import { type IngestKeyState, retireIngestKeys } from "../src/index.ts";

const now = new Date("2026-03-28T00:00:00.000Z");
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const at = (offset: number, id = "s1") => ({ id, partition: 0, offset });

const key = (more: Partial<IngestKeyState> = {}): IngestKeyState => ({
  id: "k",
  createdAt: daysAgo(10),
  rotatedAt: [
    { shard: "0", stream: "s1", offset: 100 },
    { shard: "audit", stream: "s1", offset: 7 },
  ],
  ...more,
});
const retire = (one: IngestKeyState, positions: [string, ReturnType<typeof at> | undefined][]) =>
  retireIngestKeys({ keys: [one], positions: new Map(positions), now });

describe("an ingest key", () => {
  it("is destroyed once every shard is past it", () => {
    expect(
      retire(key(), [
        ["0", at(100)],
        ["audit", at(9)],
      ]),
    ).toEqual({ destroy: ["k"], overdue: [] });
  });

  it.each<[string, IngestKeyState, [string, ReturnType<typeof at> | undefined][]]>([
    [
      "one shard is not past it",
      key(),
      [
        ["0", at(99)],
        ["audit", at(9)],
      ],
    ],
    [
      "one shard has archived nothing",
      key(),
      [
        ["0", undefined],
        ["audit", at(9)],
      ],
    ],
    ["one shard is not known", key(), [["audit", at(9)]]],
    [
      "a head is in another stream",
      key(),
      [
        ["0", at(500, "s2")],
        ["audit", at(9)],
      ],
    ],
  ])("is kept while %s", (_, one, positions) => {
    expect(retire(one, positions)).toEqual({ destroy: [], overdue: [] });
  });

  it("is kept while it is in use", () => {
    const { rotatedAt: _, ...inUse } = key();

    expect(
      retire(inUse, [
        ["0", at(500)],
        ["audit", at(500)],
      ]),
    ).toEqual({ destroy: [], overdue: [] });
  });

  it("needs no shard that had nothing when it was rotated", () => {
    const one = key({ rotatedAt: [{ shard: "0", stream: "s1", offset: 0 }] });

    expect(retire(one, [])).toEqual({ destroy: ["k"], overdue: [] });
  });

  it("is an alert at 20 days when it is still needed, and no sooner", () => {
    const still = [
      ["0", at(99)],
      ["audit", at(9)],
    ] as [string, ReturnType<typeof at>][];

    expect(retire(key({ createdAt: daysAgo(20) }), still)).toEqual({ destroy: [], overdue: ["k"] });
    expect(retire(key({ createdAt: daysAgo(19.9) }), still)).toEqual({ destroy: [], overdue: [] });
  });
});
