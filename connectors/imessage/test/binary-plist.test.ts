import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { binaryPlist, type Plist } from "../../../test/fakes/imessage/index.ts";
import { historyOf } from "../src/reading/history.ts";
import { PlistError, readBinaryPlist } from "../src/plist/binary-plist.ts";

const { tree } = fc.letrec<{ tree: Plist }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: codePoint, maxLength: 40 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.boolean(),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie("tree"), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie("tree"), { maxKeys: 17, noNullPrototype: true }),
  ),
}));

/** As the reader gives it back. */
function shown(value: Plist): unknown {
  if (value instanceof Uint8Array || typeof value !== "object") return value;
  if (Array.isArray(value)) return (value as readonly Plist[]).map(shown);
  return new Map(Object.entries(value).map(([key, each]) => [key, shown(each)]));
}

function outcome(bytes: Buffer): "read" | "refused" {
  try {
    readBinaryPlist(bytes);
    return "read";
  } catch (error) {
    if (error instanceof PlistError) return "refused";
    throw error;
  }
}

/** A list of `objects`, each of so many bytes. */
function list(objects: readonly (readonly number[])[], { count = objects.length, top = 0 } = {}): Buffer {
  let at = 8;
  const offsets = objects.map((object) => (at += object.length) - object.length);
  const trailer = Buffer.alloc(32);
  trailer.set([2, 1], 6);
  trailer.writeBigUInt64BE(BigInt(count), 8);
  trailer.writeBigUInt64BE(BigInt(top), 16);
  trailer.writeBigUInt64BE(BigInt(at), 24);
  return Buffer.concat([
    Buffer.from("bplist00"),
    ...objects.map((object) => Buffer.from(object)),
    Buffer.from(offsets.flatMap((offset) => [offset >> 8, offset & 0xff])),
    trailer,
  ]);
}

describe("a binary property list", () => {
  it("reads back as it was written", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(readBinaryPlist(binaryPlist(value))).toEqual(shown(value));
      }),
      { numRuns: 200 },
    );
  });

  it("is read or refused whatever is changed in it", () => {
    const sample = binaryPlist({
      ec: { "0": [{ d: 1.5, t: Buffer.from("stream") }] },
      rp: [0],
      text: "é",
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        outcome(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each<[why: string, bytes: Buffer]>([
    ["is empty", Buffer.alloc(0)],
    ["is XML", Buffer.from(`<?xml version="1.0"?>${" ".repeat(100)}`)],
    ["holds itself", list([[0xa1, 0]])],
    ["holds itself as a key", list([[0xd1, 0, 0]])],
    [
      "doubles at each of sixty levels",
      list(Array.from({ length: 60 }, (_, i) => (i < 59 ? [0xa2, i + 1, i + 1] : [0x09]))),
    ],
    ["says that it has 2^60 objects", list([[0x09]], { count: 2 ** 60 })],
    ["begins with an object that it does not have", list([[0x09]], { top: 9 })],
    ["has a text longer than itself", list([[0x5f, 0x12, 0x7f, 0xff, 0xff, 0xff]])],
    ["has a list longer than itself", list([[0xaf, 0x12, 0x00, 0x02, 0xff, 0xff]])],
    ["has a length that is no number", list([[0x5f, 0x50]])],
    ["has a key that is no text", list([[0xd1, 1, 1], [0x09]])],
    ["has an object of an unknown kind", list([[0x70]])],
    [
      "names one long text a thousand times",
      list(
        [
          [0x5f, 0x11, 0xea, 0x60, ...Buffer.alloc(60_000, "a")],
          [0xaf, 0x11, 0x03, 0xe8, ...Buffer.alloc(1_000)],
        ],
        { top: 1 },
      ),
    ],
  ])("is refused where it %s", (_, bytes) => {
    expect(outcome(bytes)).toBe("refused");
  });
});

describe("a history of edits", () => {
  it("is not read where one wording stands for a hundred", () => {
    const text = (of: string) => [0x50 | of.length, ...Buffer.from(of)];
    const summary = list([
      [0xd1, 1, 2],
      text("ec"),
      [0xd1, 3, 4],
      text("0"),
      [0xaf, 0x10, 100, ...Buffer.alloc(100, 5)],
      [0xd2, 6, 7, 8, 9],
      text("d"),
      text("t"),
      [0x23, ...Buffer.alloc(8)],
      [0x4f, 0x11, 0x13, 0x88, ...Buffer.alloc(5_000)],
    ]);
    expect(historyOf(summary)).toMatchObject({ isUnreadable: true });
  });

  it("is not read where there are more wordings than anybody writes", () => {
    const versions = Array.from({ length: 100 }, (_, i) => ({ d: i }));
    const ec = Object.fromEntries(Array.from({ length: 11 }, (_, part) => [String(part), versions]));
    expect(historyOf(binaryPlist({ ec }))).toMatchObject({ isUnreadable: true });
  });
});
