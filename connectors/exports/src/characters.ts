/** Marks that say which way text runs and show nothing: U+200E/F, U+061C, U+202A-E, U+2066-9, and the BOM. */
export function isMark(code: number): boolean {
  return (
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0x061c ||
    code === 0xfeff
  );
}

/** Every space that a locale may put in a header: NBSP, NNBSP, thin, figure and ideographic among them. */
export function isSpace(code: number): boolean {
  return (
    code === 0x20 ||
    code === 0xa0 ||
    code === 0x09 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

const MARKS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/g;
const SPACES = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;
const UNUSUAL = /[\u00a0\u061c\u2000-\u200f\u202a-\u202f\u205f\u2066-\u2069\u3000\ufeff]/;

/** Removes marks and makes every space a plain one. For names and for comparing, never for evidence. */
export function plain(text: string): string {
  return UNUSUAL.test(text) ? text.replace(MARKS, "").replace(SPACES, " ") : text;
}

/** Removes marks alone. */
export function unmarked(text: string): string {
  return UNUSUAL.test(text) ? text.replace(MARKS, "") : text;
}

const DECIMAL_DIGIT = /^\p{Nd}$/u;
const isDigit = (code: number): boolean => DECIMAL_DIGIT.test(String.fromCodePoint(code));

/**
 * The zero of the script a decimal digit belongs to, or -1 for what is no digit. Unicode keeps the ten digits of a
 * script together and in order, and never begins a run of scripts with anything but a zero.
 *
 * @see Unicode Standard, section 4.6, stability of Nd
 */
export function zeroOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return 0x30;
  if (code < 0x660 || !isDigit(code)) return -1;
  let start = code;
  while (isDigit(start - 1)) start -= 1;
  return code - ((code - start) % 10);
}
