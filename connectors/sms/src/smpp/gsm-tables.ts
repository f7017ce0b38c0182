/** Which alphabet a septet is looked up in. 3GPP TS 23.038, 6.2.1 */
export type NationalLanguage = keyof typeof LANGUAGES;

const ESCAPE = "\u001b";
const DIGITS = "0123456789:;<=>?";
const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL = "abcdefghijklmnopqrstuvwxyz";

/** 128 characters, the default alphabet. 3GPP TS 23.038, 6.2.1 */
export const DEFAULT_TABLE =
  "@£$¥èéùìòÇ\nØø\rÅå" +
  `Δ_ΦΓΛΩΠΨΣΘΞ${ESCAPE}ÆæßÉ` +
  ` !"#¤%&'()*+,-./${DIGITS}` +
  `¡${CAPITALS}ÄÖÑÜ§` +
  `¿${SMALL}äöñüà`;

/** What follows an escape. 3GPP TS 23.038, 6.2.1.1 */
const EXTENSION = {
  0x0a: "\f",
  0x14: "^",
  0x28: "{",
  0x29: "}",
  0x2f: "\\",
  0x3c: "[",
  0x3d: "~",
  0x3e: "]",
  0x40: "|",
  0x65: "€",
} as const;
type Shifts = Readonly<Record<number, string>>;

export const DEFAULT_SHIFTS: Shifts = EXTENSION;

/** By national language identifier: single and locking shift tables. 3GPP TS 23.038, 6.2.1.2 and annex A */
export const LANGUAGES = {
  turkish: {
    id: 1,
    shifts: { ...EXTENSION, 0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş" },
    table:
      "@£$¥€éùıòÇ\nĞğ\rÅå" +
      `Δ_ΦΓΛΩΠΨΣΘΞ${ESCAPE}ŞşßÉ` +
      ` !"#¤%&'()*+,-./${DIGITS}` +
      `İ${CAPITALS}ÄÖÑÜ§` +
      `ç${SMALL}äöñüà`,
  },
  spanish: {
    id: 2,
    shifts: {
      ...EXTENSION,
      ...{
        0x09: "ç",
        0x41: "Á",
        0x49: "Í",
        0x4f: "Ó",
        0x55: "Ú",
        0x61: "á",
        0x69: "í",
        0x6f: "ó",
        0x75: "ú",
      },
    },
    table: DEFAULT_TABLE,
  },
  portuguese: {
    id: 3,
    shifts: {
      ...EXTENSION,
      ...{ 0x05: "ê", 0x09: "ç", 0x0b: "Ô", 0x0c: "ô", 0x0e: "Á", 0x0f: "á", 0x12: "Φ", 0x13: "Γ" },
      ...{ 0x15: "Ω", 0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1f: "Ê", 0x41: "À", 0x49: "Í" },
      ...{ 0x4f: "Ó", 0x55: "Ú", 0x5b: "Ã", 0x5c: "Õ", 0x61: "Â", 0x69: "í", 0x6f: "ó", 0x75: "ú" },
      ...{ 0x7b: "ã", 0x7c: "õ", 0x7f: "â" },
    },
    table:
      "@£$¥êéúíóç\nÔô\rÁá" +
      `Δ_ªÇÀ∞^\\€Ó|${ESCAPE}ÂâÊÉ` +
      ` !"#º%&'()*+,-./${DIGITS}` +
      `Í${CAPITALS}ÃÕÚÜ§` +
      `~${SMALL}ãõ\`üà`,
  },
} as const satisfies Record<string, { id: number; shifts: Shifts; table: string }>;

/** Undefined for a language whose tables are not here. */
export function languageOf(id: number): NationalLanguage | undefined {
  return (Object.keys(LANGUAGES) as NationalLanguage[]).find((name) => LANGUAGES[name].id === id);
}
