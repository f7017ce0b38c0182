import { joined, nameOf } from "./reading.ts";

/** Of a card that is longer than any person's, only the beginning is looked at. UTF-16 units. */
const MAX_CARD = 65_536;
const MAX_VALUES = 32;

/** A vCard in words: its name, numbers and addresses. */
export function cardOf(vcard: string | null | undefined, name: string | null | undefined): string {
  // RFC 6350 section 3.2: a line that begins with white space goes on with the one before.
  const lines = (vcard ?? "")
    .slice(0, MAX_CARD)
    .replace(/\r?\n[ \t]/g, "")
    .split(/\r?\n/);
  const values = (property: string) =>
    lines
      .flatMap((line) => {
        const at = line.indexOf(":");
        const [named = ""] = line.slice(0, Math.max(0, at)).split(";");
        return named.replace(/^.*\./s, "").toUpperCase() === property
          ? [line.slice(at + 1).replace(/\\([,;\\])/g, "$1")]
          : [];
      })
      .slice(0, MAX_VALUES);
  const called = nameOf(name) || values("FN")[0];
  return `Contact: ${joined([called, ...values("ORG"), ...values("TEL"), ...values("EMAIL")])}`.trim();
}
