import { textParts, type Writing } from "../src/sending/text-parts.ts";

const parts = (text: string, of: Partial<Writing> = {}) =>
  textParts(text, { alphabet: "gsm", bits: 8, reference: 7, ...of });
const utf16 = (bytes: Buffer) => new TextDecoder("utf-16be").decode(bytes);
const SHIP = "\u{1f6a2}";

describe("a text as short messages", () => {
  it.each([
    ["160 letters", "x".repeat(160), 8, 0, 1],
    ["161 letters", "x".repeat(161), 8, 0, 2],
    ["two parts that are full", "x".repeat(306), 8, 0, 2],
    ["a letter more", "x".repeat(307), 8, 0, 3],
    ["two parts that are full, by 16 bits", "x".repeat(304), 16, 0, 2],
    ["a letter more, by 16 bits", "x".repeat(305), 16, 0, 3],
    ["80 euros, of two septets each", "€".repeat(80), 8, 0, 1],
    ["81 euros", "€".repeat(81), 8, 0, 2],
    ["70 letters of UTF-16", "ł".repeat(70), 8, 8, 1],
    ["71 letters of UTF-16", "ł".repeat(71), 8, 8, 2],
    ["134 letters of UTF-16", "ł".repeat(134), 8, 8, 2],
    ["135 letters of UTF-16", "ł".repeat(135), 8, 8, 3],
    ["133 letters of UTF-16, by 16 bits", "ł".repeat(133), 16, 8, 3],
  ] as const)("is as many as %s need", (_name, text, bits, dataCoding, count) => {
    const all = parts(text, { bits })!;
    expect(all).toHaveLength(count);
    expect(all.every((one) => one.dataCoding === dataCoding && one.hasHeader === count > 1)).toBe(true);
    for (const { bytes } of all) expect(bytes.length).toBeLessThanOrEqual(count > 1 ? 159 : 160);
  });

  it("is not cut between an escape and what it is before", () => {
    const [first, second] = parts(`${"x".repeat(152)}€${"y".repeat(20)}`)!;
    expect(first?.bytes.subarray(6)).toEqual(Buffer.from("x".repeat(152)));
    expect([...second!.bytes.subarray(6, 8)]).toEqual([0x1b, 0x65]);
  });

  it("is not cut within a letter of two units", () => {
    const all = parts(`${"ł".repeat(66)}${SHIP}${"ł".repeat(10)}`)!;
    expect(all.map(({ bytes }) => utf16(bytes.subarray(6)))).toEqual([
      "ł".repeat(66),
      `${SHIP}${"ł".repeat(10)}`,
    ]);
  });

  it.each([
    ["ascii", "Hello - at 9?", 0],
    ["latin1", "Hello - at 9?", 0],
    ["utf-8", "Hello - at 9?", 0],
    ["ascii", "5 @ $3", 8],
    ["latin1", "Müller", 8],
    ["utf-8", "£5", 8],
    ["gsm-packed", "Hello", 8],
  ] as const)(
    "is in what everybody reads alike where data coding 0 means %s: %s",
    (alphabet, text, dataCoding) => {
      const [one] = parts(text, { alphabet })!;
      expect(one?.dataCoding).toBe(dataCoding);
      expect(dataCoding === 0 ? one?.bytes.toString("latin1") : utf16(one!.bytes)).toBe(text);
    },
  );

  it("is nothing beyond ten parts", () => {
    expect(parts("x".repeat(1_530))).toHaveLength(10);
    expect(parts("x".repeat(1_531))).toBeUndefined();
  });
});
