import { DEFAULT_SHIFTS, DEFAULT_TABLE, LANGUAGES, type NationalLanguage } from "./gsm-tables.ts";

const ESCAPE = 0x1b;
const SPACE = " ";

export interface Shift {
  /** Replaces what follows an escape. */
  readonly single?: NationalLanguage | undefined;
  /** Replaces the alphabet itself. */
  readonly locking?: NationalLanguage | undefined;
}

/**
 * The text of septets, one in a byte, the top bit ignored. An escape before what no table has is the letter itself, a
 * lone one a space: what a phone shows.
 *
 * @see 3GPP TS 23.038, 6.2.1
 */
export function decodeGsm(septets: Uint8Array, { single, locking }: Shift = {}): string {
  const table = locking === undefined ? DEFAULT_TABLE : LANGUAGES[locking].table;
  const shifts: Readonly<Record<number, string>> =
    single === undefined ? DEFAULT_SHIFTS : LANGUAGES[single].shifts;
  let text = "";
  for (let at = 0; at < septets.length; at += 1) {
    const septet = (septets[at] ?? 0) & 0x7f;
    if (septet !== ESCAPE) {
      text += table[septet] ?? SPACE;
      continue;
    }
    at += 1;
    const next = septets[at];
    const code = next === undefined ? ESCAPE : next & 0x7f;
    text += code === ESCAPE ? SPACE : (shifts[code] ?? table[code] ?? SPACE);
  }
  return text;
}

const SEPTETS = new Map<string, readonly number[]>([
  ...Object.entries(DEFAULT_SHIFTS).map(([code, text]) => [text, [ESCAPE, Number(code)]] as const),
  ...Array.from(DEFAULT_TABLE).flatMap((text, code) => (code === ESCAPE ? [] : [[text, [code]] as const])),
]);

/** Septets, one in a byte, of the default alphabet and its extension; undefined for a text that has others. */
export function encodeGsm(text: string): Buffer | undefined {
  const septets: number[] = [];
  for (const character of text) {
    const codes = SEPTETS.get(character);
    if (!codes) return undefined;
    septets.push(...codes);
  }
  return Buffer.from(septets);
}

/**
 * Septets that are packed into bytes, one a byte. A carriage return that only fills up the last byte is left out.
 *
 * @param skipBits of the first byte, which fill up a header to a septet: 0 to 6
 * @see 3GPP TS 23.038, 6.1.2.1
 */
export function unpackSeptets(bytes: Uint8Array, skipBits = 0): Buffer {
  const count = Math.max(0, Math.floor((bytes.length * 8 - skipBits) / 7));
  const septets = Buffer.alloc(count);
  for (let n = 0; n < count; n += 1) {
    const bit = skipBits + n * 7;
    const pair = (bytes[bit >> 3] ?? 0) | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
    septets[n] = (pair >> (bit & 7)) & 0x7f;
  }
  const isFull = (bytes.length * 8 - skipBits) % 7 === 0;
  const last = septets[count - 1];
  return isFull && last === 0x0d ? septets.subarray(0, -1) : septets;
}
