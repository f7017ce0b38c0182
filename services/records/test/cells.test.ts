import fc from "fast-check";
import { createCells, foldName } from "../src/cells.ts";

const cells = createCells(Buffer.alloc(32, 1));

describe("a sealed cell", () => {
  it("opens where it was sealed, and nowhere else", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (place, other, text) => {
        const cell = cells.seal(place, text);
        expect(cells.open(place, cell)).toBe(text);
        if (other !== place) expect(() => cells.open(other, cell)).toThrow(/does not open/);
      }),
    );
  });

  it("is the same bytes for the same text in the same place, so that tables can be made again", () => {
    expect(cells.seal("a/1", "Ada")).toEqual(createCells(Buffer.alloc(32, 1)).seal("a/1", "Ada"));
    expect(cells.seal("a/1", "Ada").subarray(0, 12)).not.toEqual(cells.seal("a/2", "Ada").subarray(0, 12));
    expect(cells.seal("a/1", "Ada").subarray(0, 12)).not.toEqual(cells.seal("a/1", "Ade").subarray(0, 12));
  });

  it("is refused when any bit of it is changed, or under another key", () => {
    const cell = cells.seal("a/1", "Ada");
    for (let at = 0; at < cell.length; at += 1) {
      const altered = Buffer.from(cell);
      altered[at]! ^= 1;
      expect(() => cells.open("a/1", altered)).toThrow(/does not open/);
    }
    for (let size = 0; size < cell.length; size += 1)
      expect(() => cells.open("a/1", cell.subarray(0, size))).toThrow();
    expect(() => createCells(Buffer.alloc(32, 2)).open("a/1", cell)).toThrow();
  });

  it("keeps a lone surrogate from passing for another text", () => {
    // UTF-8 cannot say it: what comes back is what a reader would see.
    expect(cells.open("a/1", cells.seal("a/1", "\ud800"))).toBe("\ufffd");
  });
});

describe("a folded name", () => {
  it("is the same for every way of writing it", () => {
    expect(new Set(["Zoë  Pier", "zoe\u0308 PIER ", "\u00a0ZOË\tPier"].map(foldName)).size).toBe(1);
    expect(foldName("Strauß")).toBe(foldName("STRAUSS"));
  });

  it("changes no more when folded again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) =>
        expect(foldName(foldName(name))).toBe(foldName(name)),
      ),
    );
  });

  it("keeps different names apart", () => {
    expect(foldName("Zoe Pier")).not.toBe(foldName("Zoë Pier"));
  });
});
