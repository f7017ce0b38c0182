import fc from "fast-check";
import {
  ArchiveError,
  decodeBundle,
  decodeTile,
  encodeBundle,
  logEntries,
  partialPaths,
  Prover,
  tilePath,
  Tree,
} from "../src/index.ts";
import { entriesOf, grow } from "./support/grown-tree.ts";
import { refusal } from "./support/refusal.ts";

describe("a tile's path", () => {
  it.each([
    [0, 0, 256, "tile/0/000"],
    [0, 273, 112, "tile/0/273.p/112"],
    [1, 1, 17, "tile/1/001.p/17"],
    [0, 1234067, 256, "tile/0/x001/x234/067"],
    [0, 999, 256, "tile/0/999"],
    [0, 1000, 256, "tile/0/x001/000"],
    ["entries", 1234067, 8, "tile/entries/x001/x234/067.p/8"],
  ] as const)("of level %s, index %d and width %d is %s (C2SP tlog-tiles)", (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
  });
});

describe("a tree of 70,000 entries", () => {
  const entries = entriesOf(70_000);
  const { tree, files, read } = grow(entries, [3, 253, 44, 65_236, 4_096, 368]);

  it("writes exactly the tiles and bundles that C2SP tlog-tiles names", () => {
    const full = [...files.keys()].filter((path) => !path.includes(".p/"));
    const expected = Array.from({ length: 273 }, (_, i) => String(i).padStart(3, "0"));

    expect(full.toSorted()).toEqual(
      [
        ...expected.map((n) => `tile/0/${n}`),
        ...expected.map((n) => `tile/entries/${n}`),
        "tile/1/000",
      ].toSorted(),
    );
    expect(partialPaths(70_000).toSorted()).toEqual(
      ["tile/0/273.p/112", "tile/entries/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"].toSorted(),
    );
    for (const path of partialPaths(70_000)) expect(files.has(path)).toBe(true);
  });

  it("goes on from its partial tiles alone", () => {
    const edge = [
      decodeTile(files.get("tile/0/273.p/112")!),
      decodeTile(files.get("tile/1/001.p/17")!),
      decodeTile(files.get("tile/2/000.p/1")!),
    ];
    const bundle = decodeBundle(files.get("tile/entries/273.p/112")!);
    const resumed = Tree.resume(70_000, edge, bundle);
    expect(resumed.root()).toEqual(tree.root());

    const more = entriesOf(300);
    const whole = new Tree();
    whole.append(entries);
    expect(resumed.append(more)).toEqual(whole.append(more));
    expect(resumed.root()).toEqual(whole.root());
  });

  it("proves from its tiles what it hashes to", async () => {
    await expect(new Prover(70_000, read).root()).resolves.toEqual(tree.root());
  });

  it("gives its entries back in order, from any on", async () => {
    const got: Buffer[] = [];
    for await (const { index, entry } of logEntries(read, 70_000, 69_000)) {
      expect(index).toBe(69_000 + got.length);
      got.push(entry);
    }

    expect(got).toEqual(entries.slice(69_000));
  });

  it.each([
    ["another width", 69_999, (edge: Buffer[][]) => edge],
    [
      "a leaf that is not its entry's",
      70_000,
      (edge: Buffer[][]) => [edge[0]!.with(5, Buffer.alloc(32)), ...edge.slice(1)],
    ],
    ["a level that is missing", 70_000, (edge: Buffer[][]) => edge.slice(0, 2)],
  ])("does not go on from an edge with %s", (_, size, change) => {
    const edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"].map((path) =>
      decodeTile(files.get(path)!),
    );
    const bundle = decodeBundle(files.get("tile/entries/273.p/112")!);

    expect(refusal(() => Tree.resume(size, change(edge), bundle))).toBe("corrupt");
  });
});

describe("a tree of full tiles only", () => {
  it.each([256, 65_536])(
    "of %d leaves still has a partial tile, so that a restart can tell it from nothing",
    (size) => {
      expect(partialPaths(size).length).toBeGreaterThan(0);
      for (const path of partialPaths(size)) expect(grow(entriesOf(size)).files.has(path)).toBe(true);
    },
  );
});

describe("bundles and tiles", () => {
  it("give back the entries that were put in", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 256 }), (entries) => {
        expect(decodeBundle(encodeBundle(entries)).map((e) => [...e])).toEqual(entries.map((e) => [...e]));
      }),
    );
  });

  it("of any bytes are read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        for (const read of [decodeBundle, decodeTile]) {
          try {
            const parts = read(bytes);
            if (read === decodeBundle) expect(encodeBundle(parts)).toEqual(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(ArchiveError);
          }
        }
      }),
    );
  });

  it("are refused when cut short", () => {
    const bundle = encodeBundle(entriesOf(3));
    for (let length = 1; length < bundle.length; length += 1) {
      const cut = bundle.subarray(0, length);
      let read: Buffer[] | undefined;
      try {
        read = decodeBundle(cut);
      } catch (error) {
        expect(error).toMatchObject({ code: "malformed" });
      }
      // Cut between two entries it is a bundle of fewer.
      if (read) expect(encodeBundle(read)).toEqual(cut);
    }
    expect(() => decodeTile(Buffer.alloc(33))).toThrow(ArchiveError);
    expect(() => decodeTile(Buffer.alloc(0))).toThrow(ArchiveError);
    expect(() => decodeTile(Buffer.alloc(257 * 32))).toThrow(ArchiveError);
  });

  it("that are narrower than their tree are refused", async () => {
    const { files } = grow(entriesOf(300));
    const reader = async (path: string) => encodeBundle(decodeBundle(files.get(path)!).slice(1));
    const all = async () => {
      for await (const _ of logEntries(reader, 300));
    };

    await expect(all()).rejects.toMatchObject({ code: "corrupt" });
  });
});
