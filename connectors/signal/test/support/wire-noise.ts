import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";

/** How a field's bytes begin: its number and kind. */
const tag = (number: number, wire: number) => varint((BigInt(number) << 3n) | BigInt(wire));

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left > 0n ? low | 0x80 : low);
  } while (left > 0n);
  return Buffer.from(bytes);
}

const edges = fc.constantFrom(
  0n, 1n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n,
); // prettier-ignore

const words = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 40 }).map((text) => Buffer.from(text)),
  // Invalid UTF-8, surrogates by themselves, and an end in the middle of a character.
  fc.constantFrom("ff", "c328", "eda080", "f09f98", "00", "efbfbc").map((hex) => Buffer.from(hex, "hex")),
);
/** Bytes of the sizes that ids and keys have, and of those next to them. */
const ids = fc.constantFrom(0, 1, 15, 16, 17, 18, 31, 32, 33, 36).chain((length) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes)),
); // prettier-ignore

/** The numbers of the fields that are read, and some that nobody has. */
const numbers = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(99, 1_000, 2 ** 29 - 1, 0));

/**
 * Messages as an enemy writes them: fields of every number and kind, nested, with lengths that are wrong, groups that never
 * end, and the edges of 64 bits.
 */
export const noise: fc.Arbitrary<Buffer> = fc.letrec<{ message: Buffer; field: Buffer }>((tie) => ({
  message: fc
    .array(tie("field"), { maxLength: 5, depthIdentifier: "message" })
    .map((fields) => Buffer.concat(fields)),
  field: fc.oneof(
    { depthSize: "medium", depthIdentifier: "message" },
    fc.tuple(numbers, edges).map(([number, value]) => Buffer.concat([tag(number, 0), varint(value)])),
    fc.tuple(numbers, fc.oneof(words, ids)).map(([number, bytes]) => delimited(number, bytes)),
    fc.tuple(numbers, fc.uint8Array({ minLength: 8, maxLength: 8 })).map(([number, eight]) =>
      Buffer.concat([tag(number, 1), eight]),
    ),
    fc.tuple(numbers, fc.uint8Array({ minLength: 4, maxLength: 4 })).map(([number, four]) =>
      Buffer.concat([tag(number, 5), four]),
    ),
    fc.tuple(numbers, edges).map(([number, length]) => Buffer.concat([tag(number, 2), varint(length), Buffer.alloc(3)])),
    fc.tuple(numbers, fc.constantFrom(3, 4, 6, 7)).map(([number, wire]) => tag(number, wire)),
    fc.tuple(numbers, tie("message")).map(([number, message]) => delimited(number, message)),
    fc.tuple(numbers, tie("message")).map(([number, message]) => delimited(number, message)),
    fc.tuple(numbers, tie("message")).map(([number, message]) =>
      Buffer.concat([tag(number, 3), message, tag(number, 4)]),
    ),
  ),
})).message; // prettier-ignore

/** What is left of bytes that were cut, or in which some were changed, taken out or said twice. */
export function damaged(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  return fc.tuple(whole, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 4 })).map(([bytes, where, byte, how]) => {
    const at = bytes.length === 0 ? 0 : where % bytes.length;
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    if (how === 0) return Buffer.from(head);
    if (how === 1) return Buffer.concat([head, Buffer.from([byte]), tail.subarray(1)]);
    if (how === 2) return Buffer.concat([head, tail.subarray(1)]);
    if (how === 3) return Buffer.concat([head, Buffer.from([byte]), tail]);
    return Buffer.concat([head, tail, tail]);
  }); // prettier-ignore
}

export function delimited(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([tag(number, 2), varint(BigInt(bytes.length)), bytes]);
}

/** One message in another in another. */
export function nested(number: number, depth: number): Buffer {
  let inner: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i += 1) inner = delimited(number, inner);
  return inner;
}

/** A group in a group in a group, none of which ends. */
export function openGroups(number: number, depth: number): Buffer {
  return Buffer.concat(Array.from({ length: depth }, () => tag(number, 3)));
}
