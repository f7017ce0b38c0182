const REPLACEMENT = "\ufffd";

/**
 * The app writes an emoji as two references to halves of a surrogate pair, and control characters as references too: XML
 * allows neither, and parsers refuse them or leave the reference in the text. Pairs become their character; what is none,
 * U+FFFD. Every other reference stays for the parser: what somebody wrote themselves begins with `&amp;`.
 *
 * @see XML 1.0, 2.2 and 4.1
 */
export function withLegalReferences(xml: string): string {
  return xml.replace(REFERENCES, (run) => {
    const codes = [...run.matchAll(ONE)].map(([, digits = ""]) => codeOf(digits));
    if (codes.every(isCharacter)) return run;
    const units = codes.map((code) => (code < 0x20 && !isCharacter(code) ? REPLACEMENT : fromCode(code)));
    return escaped(units.join("").toWellFormed());
  });
}

/** Neighbouring references: halves of one character may be two of them. */
const REFERENCES = /(?:&#(?:x[0-9a-fA-F]{1,8}|[0-9]{1,10});)+/g;
const ONE = /&#(x[0-9a-fA-F]+|[0-9]+);/g;

function codeOf(digits: string): number {
  return digits.startsWith("x") ? Number.parseInt(digits.slice(1), 16) : Number(digits);
}

/** What XML may refer to. */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

function fromCode(code: number): string {
  if (code > 0x10ffff || code === 0xfffe || code === 0xffff) return REPLACEMENT;
  return code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
}

/** For the parser, which reads it again. */
function escaped(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
