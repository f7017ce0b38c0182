import { decodeGsm, type Shift } from "../smpp/index.ts";

/** What data coding 0 may mean: the aggregator says which. `gsm-packed` has eight septets in seven bytes. */
export const DEFAULT_ALPHABETS = ["gsm", "gsm-packed", "ascii", "latin1", "utf-8"] as const;
export type DefaultAlphabet = (typeof DEFAULT_ALPHABETS)[number];

/** How bytes are read: `binary` is no text, `unknown` a text that nobody here can read. */
export type Alphabet =
  | DefaultAlphabet
  | "utf-16be"
  | "iso-8859-5"
  | "iso-8859-8"
  | "iso-2022-jp"
  | "euc-kr"
  | "binary"
  | "unknown";

/** SMPP's own values of data_coding. SMPP 3.4, 5.2.19 */
const OF_SMPP: Readonly<Record<number, Alphabet>> = {
  1: "ascii",
  2: "binary",
  3: "latin1",
  4: "binary",
  6: "iso-8859-5",
  7: "iso-8859-8",
  8: "utf-16be",
  10: "iso-2022-jp",
  14: "euc-kr",
};
/** By two bits of GSM's data coding schemes. 3GPP TS 23.038, 4 */
const OF_GSM: readonly Alphabet[] = ["gsm", "binary", "utf-16be", "unknown"];

/**
 * What a data_coding says: SMPP's values below 16, GSM's schemes above.
 *
 * @param gsm what GSM's own alphabet is written as there: packed or not
 * @see 3GPP TS 23.038, section 4
 */
export function alphabetOf(dataCoding: number, byDefault: DefaultAlphabet): Alphabet {
  const gsm = byDefault === "gsm-packed" ? byDefault : "gsm";
  const of = (bits: number) => {
    const alphabet = OF_GSM[bits & 3] ?? "unknown";
    return alphabet === "gsm" ? gsm : alphabet;
  };
  if (dataCoding === 0) return byDefault;
  if (dataCoding < 0x10) return OF_SMPP[dataCoding] ?? "unknown";
  // 00xx and 01xx: the general group, bit 5 for compressed; 1100 to 1110: a message waits; 1111: with a class.
  if (dataCoding < 0x80) return (dataCoding & 0x20) !== 0 ? "unknown" : of(dataCoding >> 2);
  if (dataCoding < 0xc0) return "unknown";
  if (dataCoding < 0xe0) return gsm;
  if (dataCoding < 0xf0) return "utf-16be";
  return (dataCoding & 0x04) !== 0 ? "binary" : gsm;
}

/** The text; undefined where the bytes are none. An odd byte at the end of UTF-16 is left to `raw`. */
export function textOf(bytes: Uint8Array, alphabet: Alphabet, shift: Shift): string | undefined {
  switch (alphabet) {
    case "binary":
    case "unknown":
      return undefined;
    case "gsm":
    case "gsm-packed":
      return decodeGsm(bytes, shift);
    case "ascii":
    case "latin1":
      // The label would be read as Windows-1252.
      return Buffer.from(bytes).toString("latin1");
    case "utf-16be":
      return new TextDecoder(alphabet).decode(bytes.subarray(0, bytes.length & ~1));
    default:
      return new TextDecoder(alphabet).decode(bytes);
  }
}
