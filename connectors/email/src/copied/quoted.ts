import { readDate } from "../reading/date.ts";

const MAX_CHARACTERS = 40_000;
const MAX_LINES = 600;
/** Lines that one quoted header takes at most. */
const MAX_HEADER_LINES = 12;

/** What somebody typed, or had a program type, above a text that they forwarded: a quotation, and evidence of nothing. */
export interface Quoted {
  readonly from: string;
  /** As it stands there. */
  readonly date?: string;
  /** The same, where it can be read. A zone that is not named is not made up. */
  readonly time?: { readonly sentAt: string } | { readonly localTime: string };
  readonly to?: string;
  readonly subject?: string;
}

type Label = "from" | "date" | "to" | "subject";

/** As mail programs label the lines of what is forwarded, in the languages that are met most. */
const LABELS: Readonly<Record<string, Label>> = {
  ...{ from: "from", von: "from", de: "from", van: "from", fra: "from", från: "from", "oddi wrth": "from" },
  ...{ date: "date", sent: "date", datum: "date", gesendet: "date", envoyé: "date", dato: "date" },
  ...{ anfonwyd: "date", dyddiad: "date", to: "to", an: "to", à: "to", aan: "to", til: "to", at: "to" },
  ...{ subject: "subject", betreff: "subject", objet: "subject", onderwerp: "subject", emne: "subject" },
  pwnc: "subject",
};

/**
 * Finds the first quoted header in a text: lines that name who wrote, and when or about what. Takes anything, in time
 * linear in its length.
 */
export function readQuoted(text: string): Quoted | undefined {
  const lines = text.slice(0, MAX_CHARACTERS).split(/\r?\n/).slice(0, MAX_LINES);
  for (const [i, line] of lines.entries()) {
    if (labelled(line)?.label !== "from") continue;
    const found = headerFrom(lines.slice(i, i + MAX_HEADER_LINES));
    if (found) return found;
  }
  return undefined;
}

function headerFrom(lines: readonly string[]): Quoted | undefined {
  const found: Partial<Record<Label, string>> = {};
  for (const line of lines) {
    const one = labelled(line);
    if (one) found[one.label] ??= one.value;
    else if (line.replace(/^[>\s]+/, "") === "") break;
  }
  const { from, date, to, subject } = found;
  if (from === undefined || (date ?? subject) === undefined) return undefined;
  const time = readDate(date?.replace(/\b(?:at|um|à|om|kl\.?)\s+(?=\d)/i, ""));
  return {
    from,
    ...(date !== undefined && { date }),
    ...(time && { time }),
    ...(to !== undefined && { to }),
    ...(subject !== undefined && { subject }),
  };
}

function labelled(line: string): { label: Label; value: string } | undefined {
  const bare = line
    .slice(0, 1_000)
    .replace(/^[>\s]+/, "")
    .replaceAll("*", "");
  const colon = bare.indexOf(":");
  if (colon < 1 || colon > 20) return undefined;
  const label = LABELS[bare.slice(0, colon).trim().toLowerCase()];
  const value = bare.slice(colon + 1).trim();
  return label === undefined || value === "" ? undefined : { label, value: value.slice(0, 300) };
}
