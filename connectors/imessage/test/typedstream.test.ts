import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { type Run, typedstream } from "../../../test/fakes/imessage/index.ts";
import { readAttributedString } from "../src/typedstream/attributed-string.ts";
import { TypedstreamError } from "../src/typedstream/stream.ts";

const HEADER = Buffer.from("\u0004\u000bstreamtyped");
const stream = (...bytes: number[]) => Buffer.concat([HEADER, Buffer.from([0x81, 0xe8, 0x03, ...bytes])]);
const name = (text: string) => [0x84, text.length, ...Buffer.from(text)];
/** An object of a class that stands alone. */
const object = (className: string) => [0x84, 0x01, 0x40, 0x84, 0x84, ...name(className), 0x00, 0x85];

const run: fc.Arbitrary<Run> = fc.record(
  {
    text: fc.oneof(
      fc.string({ unit: codePoint, minLength: 1, maxLength: 40 }),
      fc.constantFrom("x".repeat(127), "x".repeat(128), "é".repeat(20_000), "x".repeat(70_000)),
    ),
    part: fc.nat({ max: 999 }),
    fileGuid: fc.string({ minLength: 1, maxLength: 200 }),
  },
  { requiredKeys: ["text"] },
);

/** What any bytes may come to: words, or the one error. */
function outcome(bytes: Buffer): "read" | "refused" {
  try {
    readAttributedString(bytes);
    return "read";
  } catch (error) {
    if (error instanceof TypedstreamError) return "refused";
    throw error;
  }
}

describe("the typedstream of a message", () => {
  it("reads back as it was written, in any script, of any length, mutable or not", () => {
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), fc.boolean(), (runs, isMutable) => {
        const read = readAttributedString(typedstream(runs, { isMutable }));

        expect(read.map(({ text }) => text)).toEqual(runs.map(({ text }) => text));
        expect(read.map(({ attributes }) => Object.fromEntries(attributes))).toEqual(
          runs.map(({ part = 0, fileGuid }) => ({
            __kIMMessagePartAttributeName: part,
            ...(fileGuid !== undefined && { __kIMFileTransferGUIDAttributeName: fileGuid }),
          })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("is read or refused whatever is changed in it", () => {
    const samples = [
      typedstream([
        { text: "words 🚢" },
        { text: "\ufffc", part: 1, fileGuid: "at_0" },
        { text: "more", part: 2 },
      ]),
      typedstream([{ text: "mutable" }], { isMutable: true }),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }),
        fc.nat(),
        (sample, changes, cut) => {
          const bytes = Buffer.from(sample);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          outcome(bytes.subarray(0, cut % 5 === 0 ? cut % bytes.length : bytes.length));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("has attributes once, however many runs name them", () => {
    const whole = typedstream([{ text: "x" }, { text: "y".repeat(300) }]);
    // In place of the second run, 300 of a character each, whose attributes are the first's by reference.
    const runs = Array.from({ length: 300 }, (_, i) => [0x97, 0x81, i + 2, (i + 2) >> 8, 1, 0x92, 0x97]);
    const read = readAttributedString(
      Buffer.concat([whole.subarray(0, -6), Buffer.from([...runs.flat(), 0x86])]),
    );

    expect(read.map(({ text }) => text).join("")).toBe(`x${"y".repeat(300)}`);
    expect(read).toHaveLength(301);
    expect(new Set(read.map(({ attributes }) => attributes)).size).toBe(1);
  });

  it("is refused where the bytes are anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        outcome(Buffer.concat([stream(), bytes]));
        expect(outcome(Buffer.from(bytes))).toBe("refused");
      }),
    );
  });

  it.each<[why: string, bytes: Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["another signature", Buffer.from("\u0004\u000btypedstream\u0081\u00e8\u0003")],
    ["a length of 4 GiB", stream(0x84, 0x82, 0xff, 0xff, 0xff, 0xff)],
    ["a negative length", stream(0x84, 0x81, 0xff, 0xff)],
    ["a reference to nothing", stream(0x84, 0x01, 0x40, 0x92)],
    ["a far reference", stream(0x84, 0x01, 0x40, 0x82, 0xff, 0xff, 0xff, 0x7f)],
    ["an object that is its own class", stream(0x84, 0x01, 0x40, 0x84, 0x92)],
    [
      "a class that is its own parent",
      stream(0x84, 0x01, 0x40, 0x84, 0x84, ...name("NSString"), 0x00, 0x93, 0x86),
    ],
    [
      "an array of a billion",
      stream(...object("NSAttributedString"), 0x84, 0x0d, ...Buffer.from("[1000000000c]")),
    ],
    ["a value of an unknown type", stream(...object("NSAttributedString"), 0x84, 0x01, 0x7b)],
    ["an object in itself", stream(...object("NSAttributedString"), 0x92, 0x92, 0x86)],
    [
      "a string that is never ended",
      stream(...object("NSAttributedString"), 0x92, 0x84, 0x84, ...name("NSString"), 0x01, 0x85),
    ],
    [
      "objects a million deep",
      Buffer.concat([
        stream(...object("NSDictionary")),
        Buffer.alloc(3_000_000, Buffer.from([0x92, 0x84, 0x93])),
      ]),
    ],
    [
      "classes a million deep",
      Buffer.concat([
        stream(0x84, 0x01, 0x40, 0x84),
        Buffer.alloc(4_000_000, Buffer.from([0x84, 0x84, 0x01, 0x41, 0x00])),
      ]),
    ],
    [
      "a million type strings",
      Buffer.concat([
        stream(...object("NSDictionary")),
        Buffer.alloc(4_000_000, Buffer.from([0x84, 0x01, 0x69, 0x01])),
      ]),
    ],
  ])("is refused with %s", (_, bytes) => {
    expect(outcome(bytes)).toBe("refused");
  });
});
