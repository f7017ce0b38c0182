import fc from "fast-check";
import {
  decodeGsm,
  DEFAULT_TABLE,
  encodeGsm,
  LANGUAGES,
  languageOf,
  unpackSeptets,
} from "../../src/smpp/index.ts";
import { npmSmpp } from "../support/npm-smpp.ts";

const ESC = 0x1b;
const { GSM, GSM_TR, GSM_PT } = npmSmpp.gsmCoder;

/** Packs septets as a phone does: 3GPP TS 23.038, 6.1.2.1. */
function pack(septets: Uint8Array, skipBits = 0): Buffer {
  const bytes = Buffer.alloc(Math.ceil((skipBits + septets.length * 7) / 8));
  septets.forEach((septet, n) => {
    for (let bit = 0; bit < 7; bit += 1) {
      const at = skipBits + n * 7 + bit;
      if ((septet >> bit) & 1) bytes[at >> 3]! |= 1 << (at & 7);
    }
  });
  return bytes;
}

describe("GSM 03.38", () => {
  it("has the alphabets that another implementation has", () => {
    expect(DEFAULT_TABLE).toBe(GSM.chars);
    expect(LANGUAGES.turkish.table).toBe(GSM_TR.chars);
    expect(LANGUAGES.portuguese.table).toBe(GSM_PT.chars);
    for (const { table } of Object.values(LANGUAGES)) expect(table).toHaveLength(128);
  });

  it("reads each text that it wrote, the extension's letters too", () => {
    const letters = Array.from(`${DEFAULT_TABLE.replace("\u001b", "")}\f^{}\\[~]|€`);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...letters)), (text) => {
        expect(decodeGsm(encodeGsm(text.join(""))!)).toBe(text.join(""));
      }),
    );
    expect(encodeGsm("кириллица")).toBeUndefined();
  });

  it.each([
    ["an escape before what the table has", [ESC, 0x65], {}, "€"],
    ["an escape before what it has not", [0x41, ESC, 0x42, 0x43], {}, "ABC"],
    ["a lone escape at the end", [0x41, ESC], {}, "A "],
    ["two escapes", [ESC, ESC, 0x41], {}, " A"],
    ["the top bit set", [0xc1, 0xe2], {}, "Ab"],
    ["Turkish, single shift", [ESC, 0x53, 0x73], { single: "turkish" as const }, "Şs"],
    ["Turkish, locking shift", [0x1c, 0x40, 0x07], { locking: "turkish" as const }, "Şİı"],
    ["a single shift that does not change the alphabet", [0x1c, 0x40], { single: "turkish" as const }, "Æ¡"],
    ["Spanish, single shift", [ESC, 0x6e, ESC, 0x41, ESC, 0x09], { single: "spanish" as const }, "nÁç"],
    [
      "Portuguese, both",
      [0x5b, ESC, 0x5b],
      { single: "portuguese" as const, locking: "portuguese" as const },
      "ÃÃ",
    ],
  ])("reads %s", (_name, septets, shift, text) => {
    expect(decodeGsm(Buffer.from(septets), shift)).toBe(text);
  });

  it("unpacks what a phone packed, wherever a header ends", () => {
    const septets = fc.uint8Array({ max: 127, maxLength: 200 }).filter((of) => of.at(-1) !== 0x0d);
    fc.assert(
      fc.property(septets, fc.integer({ min: 0, max: 6 }), (of, skipBits) => {
        // Where seven bits are left over, a phone fills them with a carriage return.
        const isPadded = (skipBits + of.length * 7) % 8 === 1;
        const packed = pack(isPadded ? Buffer.from([...of, 0x0d]) : of, skipBits);
        expect([...unpackSeptets(packed, skipBits)]).toEqual([...of]);
      }),
    );
    // "hellohello", as 3GPP's examples have it.
    expect(decodeGsm(unpackSeptets(Buffer.from("e8329bfd4697d9ec37", "hex")))).toBe("hellohello");
  });

  it("knows the languages whose tables it has", () => {
    expect([0, 1, 2, 3, 4, 13].map(languageOf)).toEqual([
      undefined,
      "turkish",
      "spanish",
      "portuguese",
      undefined,
      undefined,
    ]);
  });
});
