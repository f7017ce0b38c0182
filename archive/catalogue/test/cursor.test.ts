import fc from "fast-check";
import { decodeCursor, encodeCursor } from "../src/cursor.ts";
import { CatalogueError } from "../src/error.ts";
import { interval } from "../src/filters.ts";
import { thrownBy } from "./support/thrown.ts";

const cursor = { at: 1_772_636_645_000, shard: -1, index: 7, total: 1_001, exact: false };

describe("a cursor", () => {
  it("comes back as it was", () => {
    expect(decodeCursor(encodeCursor(cursor, "search"), "search")).toEqual(cursor);
  });

  it.each([
    ["of another search", encodeCursor(cursor, "other")],
    ["that is empty", ""],
    ["that is no base64url", "a b"],
    ["that is too long", "a".repeat(300)],
    ["whose time no database holds", encodeCursor({ ...cursor, at: 9e15 }, "search")],
    ["of a negative index", encodeCursor({ ...cursor, index: -1 }, "search")],
    ["of a shard that cannot be", encodeCursor({ ...cursor, shard: 1e9 }, "search")],
    ["that is JSON of another shape", Buffer.from('{"at":1}').toString("base64url")],
    ["with text for a number", Buffer.from('[1,"1",0,1,1,0,"x"]').toString("base64url")],
  ])("%s is refused", (_, text) => {
    expect(thrownBy(() => decodeCursor(text, "search"))).toMatchObject({ code: "bad-cursor" });
  });

  it("made of anything else is refused", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((json) => Buffer.from(json).toString("base64url")),
        ),
        (text) => {
          expect(() => decodeCursor(text, "search")).toThrow(CatalogueError);
        },
      ),
    );
  });
});

describe("a time", () => {
  const iso = ({ first, last }: { first: number; last: number }) => [
    new Date(first).toISOString(),
    new Date(last).toISOString(),
  ];

  it.each([
    ["2026-03-04", "2026-03-04T00:00:00.000Z", "2026-03-04T23:59:59.999Z"],
    ["2026-03-04T15:04:05Z", "2026-03-04T15:04:05.000Z", "2026-03-04T15:04:05.999Z"],
    ["2026-03-04T15:04:05", "2026-03-04T15:04:05.000Z", "2026-03-04T15:04:05.999Z"],
    ["2026-03-04T15:04:05.120Z", "2026-03-04T15:04:05.120Z", "2026-03-04T15:04:05.120Z"],
    ["2026-03-04T15:04:05+02:00", "2026-03-04T13:04:05.000Z", "2026-03-04T13:04:05.999Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z", "2024-02-29T23:59:59.999Z"],
  ])("%s lasts from %s to %s", (named, first, last) => {
    expect(iso(interval(named))).toEqual([first, last]);
  });

  it.each([
    "",
    "2026",
    "2026-3-4",
    "2026-02-30",
    "2026-13-01",
    "2026-03-04T25:00:00Z",
    "04/03/2026",
    "2026-03-04 15:04",
    "now",
  ])("%j is refused", (named) => {
    expect(thrownBy(() => interval(named))).toMatchObject({ code: "bad-filter" });
  });
});
