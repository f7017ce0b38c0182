import fc from "fast-check";

/**
 * Any Unicode scalar value, as a string: fast-check's unit "binary" is the same, and takes seconds and a hundred megabytes
 * in each suite to index them all.
 */
export const codePoint: fc.Arbitrary<string> = fc
  .nat(0x10ffff - 0x800)
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));
