import fc from "fast-check";
import { hash } from "node:crypto";
import {
  isPowerOfTwo,
  leafHash,
  nodeHash,
  Prover,
  rootFromEdge,
  rootFromInclusion,
  treeHash,
  verifyConsistency,
} from "../src/index.ts";
import { entriesOf, grow } from "./support/grown-tree.ts";
import { referenceConsistency, referencePath, referenceRoot } from "./support/reference-tree.ts";

// The eight leaves that implementations of RFC 6962 test with, and the root of each prefix.
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("the tree hash", () => {
  it.each(ROOTS.map((root, size) => [size, root] as const))(
    "of the first %d known leaves is %s",
    (size, root) => {
      const entries = LEAVES.slice(0, size).map((hex) => Buffer.from(hex, "hex"));

      expect(grow(entries).tree.root().toString("hex")).toBe(root);
      expect(treeHash(entries.map(leafHash)).toString("hex")).toBe(root);
      expect(rootFromEdge(grow(entries).tree.edge()).toString("hex")).toBe(root);
    },
  );

  it("is the reference's at every size up to 70, however the tree grew", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 8 }), (steps) => {
        const entries = entriesOf(steps.reduce((a, b) => a + b, 0));
        const { tree } = grow(entries, steps);

        expect(tree.root()).toEqual(referenceRoot(entries));
        expect(rootFromEdge(tree.edge())).toEqual(tree.root());
      }),
    );
  });

  it("tells leaves from nodes", () => {
    const [a, b] = [leafHash(Buffer.from("a")), leafHash(Buffer.from("b"))];

    expect(nodeHash(a, b)).not.toEqual(leafHash(Buffer.concat([a, b])));
    expect(nodeHash(a, b)).not.toEqual(nodeHash(b, a));
    expect(leafHash(Buffer.from("a"))).toEqual(hash("sha256", Buffer.from("\0a"), "buffer"));
  });
});

const same = (a: readonly Buffer[], b: readonly Buffer[]) =>
  a.length === b.length && a.every((h, i) => h.equals(b[i]!));

describe("proofs", () => {
  const largest = entriesOf(70);

  it("of inclusion are the reference's for every leaf of every tree up to 70, and verify", async () => {
    const wrong: string[] = [];
    for (let size = 1; size <= 70; size += 1) {
      const entries = largest.slice(0, size);
      const prover = new Prover(size, grow(entries).read);
      const root = referenceRoot(entries);
      for (let index = 0; index < size; index += 1) {
        const proof = await prover.inclusion(index);
        const leads = rootFromInclusion(leafHash(entries[index]!), index, size, proof)?.equals(root);
        if (!same(proof, referencePath(index, entries)) || !leads) wrong.push(`${index} of ${size}`);
      }
    }

    expect(wrong).toEqual([]);
  });

  it("of consistency are the reference's for every pair of sizes up to 70, and verify", async () => {
    const roots = Array.from({ length: 71 }, (_, size) => referenceRoot(largest.slice(0, size)));
    const wrong: string[] = [];
    for (let size = 0; size <= 70; size += 1) {
      const prover = new Prover(size, grow(largest.slice(0, size)).read);
      for (let old = 0; old <= size; old += 1) {
        const proof = await prover.consistency(old);
        const reference = old === 0 ? [] : referenceConsistency(old, largest.slice(0, size));
        const holds = verifyConsistency(old, roots[old]!, size, roots[size]!, proof);
        if (!same(proof, reference) || !holds) wrong.push(`${old} to ${size}`);
      }
    }

    expect(wrong).toEqual([]);
  });

  it("verify in trees of several tiles, whatever their sizes", async () => {
    const entries = entriesOf(5_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (size, at, before) => {
          const { tree, read } = grow(entries.slice(0, size));
          const prover = new Prover(size, read);
          const index = Math.floor(at * size);
          const old = Math.floor(before * size);
          const oldRoot = grow(entries.slice(0, old)).tree.root();
          const proof = await prover.inclusion(index);

          expect(await prover.root()).toEqual(tree.root());
          expect(rootFromInclusion(leafHash(entries[index]!), index, size, proof)).toEqual(tree.root());
          expect(verifyConsistency(old, oldRoot, size, tree.root(), await prover.consistency(old))).toBe(
            true,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it("do not verify once anything of them is changed", async () => {
    const size = 70;
    const { tree, read } = grow(largest);
    const prover = new Prover(size, read);
    const root = tree.root();
    const other = Buffer.alloc(32, 1);
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.nat(6), fc.nat(31), async (index, which, byte) => {
        const proof = await prover.inclusion(index);
        const leaf = leafHash(largest[index]!);
        const leadsTo = (changed: Buffer[], at = index, of = leaf) =>
          rootFromInclusion(of, at, size, changed)?.equals(root) ?? false;
        const flipped = proof.map((h, i) => {
          const copy = Buffer.from(h);
          if (i === which % proof.length) copy[byte]! ^= 1;
          return copy;
        });

        expect(leadsTo(flipped)).toBe(false);
        expect(leadsTo(proof.slice(1))).toBe(false);
        expect(leadsTo([...proof, other])).toBe(false);
        expect(leadsTo([other.subarray(1), ...proof.slice(1)])).toBe(false);
        expect(leadsTo(proof, (index + 1) % size)).toBe(false);
        expect(leadsTo(proof, index, other)).toBe(false);
      }),
    );
  });

  it("of consistency do not verify once anything of them is changed", async () => {
    const { tree, read } = grow(largest);
    const prover = new Prover(70, read);
    const other = Buffer.alloc(32, 1);
    for (let old = 1; old < 70; old += 1) {
      const oldRoot = referenceRoot(largest.slice(0, old));
      const proof = await prover.consistency(old);
      const holds = (changed: readonly Buffer[], from = oldRoot, to = tree.root()) =>
        verifyConsistency(old, from, 70, to, changed);

      for (const i of proof.keys()) expect(holds(proof.with(i, other))).toBe(false);
      expect(holds(proof.slice(1))).toBe(false);
      expect(holds([...proof, other])).toBe(false);
      expect(holds([])).toBe(false);
      expect(holds(proof, other)).toBe(false);
      expect(holds(proof, oldRoot, other)).toBe(false);
    }
  });

  it("between equal or empty trees are empty", () => {
    const root = referenceRoot(largest);

    expect(verifyConsistency(70, root, 70, root, [])).toBe(true);
    expect(verifyConsistency(70, root, 70, root, [root])).toBe(false);
    expect(verifyConsistency(70, root, 70, Buffer.alloc(32), [])).toBe(false);
    expect(verifyConsistency(0, referenceRoot([]), 70, root, [])).toBe(true);
    expect(verifyConsistency(0, root, 70, root, [])).toBe(false);
  });

  it.each([
    [-1, 5],
    [5, 5],
    [0.5, 5],
    [0, 2 ** 53],
  ])("refuse index %d of size %d", (index, size) => {
    expect(() => rootFromInclusion(Buffer.alloc(32), index, size, [])).toThrow(RangeError);
  });

  it.each([
    [-1, 5],
    [6, 5],
    [0.5, 5],
    [0, 2 ** 53],
  ])("refuse old size %d of new size %d", (old, size) => {
    expect(() => verifyConsistency(old, Buffer.alloc(32), size, Buffer.alloc(32), [])).toThrow(RangeError);
  });

  it("are not made for what is not in the tree", async () => {
    const prover = new Prover(5, grow(entriesOf(5)).read);

    await expect(prover.inclusion(5)).rejects.toThrow(RangeError);
    await expect(prover.inclusion(-1)).rejects.toThrow(RangeError);
    await expect(prover.consistency(6)).rejects.toThrow(RangeError);
  });

  it("are made again after a store that did not answer", async () => {
    const { read } = grow(entriesOf(300));
    let failures = 3;
    const prover = new Prover(300, (path) => {
      if (failures-- > 0) return Promise.reject(new Error("no answer"));
      return read(path);
    });
    for (let i = 0; i < 3; i += 1) await expect(prover.inclusion(299)).rejects.toThrow("no answer");

    const proof = await prover.inclusion(299);
    expect(rootFromInclusion(leafHash(entriesOf(300)[299]!), 299, 300, proof)).toEqual(await prover.root());
  });

  it("are refused when a tile is narrower than its tree", async () => {
    const { files } = grow(entriesOf(300));
    const prover = new Prover(300, async (path) => files.get(path)!.subarray(0, 32));

    await expect(prover.inclusion(299)).rejects.toMatchObject({ code: "corrupt" });
  });
});

it("knows the powers of two among safe integers", () => {
  for (let bits = 0; bits < 53; bits += 1) {
    expect(isPowerOfTwo(2 ** bits)).toBe(true);
    if (bits > 1) expect([isPowerOfTwo(2 ** bits - 1), isPowerOfTwo(2 ** bits + 1)]).toEqual([false, false]);
  }
});
