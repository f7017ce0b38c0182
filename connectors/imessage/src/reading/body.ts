import { type BodyRun, OBJECT_CHARACTER, readAttributedString } from "../typedstream/attributed-string.ts";
import type { Row } from "../database/table.ts";

/** A message's words by its parts, from 0; those of an attachment are empty. */
export interface Body {
  readonly parts: ReadonlyMap<number, string>;
  /** The typedstream could not be read. */
  readonly isUnreadable: boolean;
}

const PART = "__kIMMessagePartAttributeName";
const MAX_PARTS = 1_000;

/** What a row of `message` says now: by `attributedBody`, and by `text` only where that says nothing. */
export function bodyOf(row: Row): Body {
  const blob = row.blob("attributedBody");
  const parts = blob && partsOf(blob);
  if (parts) return { parts, isUnreadable: false };
  const text = row.text("text");
  return {
    parts: new Map(text === undefined ? [] : [[0, wordsOf(text)]]),
    isUnreadable: blob !== undefined,
  };
}

/** The words of a typedstream, in one; undefined where it cannot be read. */
export function wordsOfStream(blob: Buffer): string | undefined {
  const parts = partsOf(blob);
  return parts && joined(parts);
}

/** @returns undefined where nothing of a message is said, as by one that is a photo alone */
export function joined(parts: ReadonlyMap<number, string>): string | undefined {
  const text = [...parts]
    .sort(([a], [b]) => a - b)
    .map(([, words]) => words)
    .filter((words) => words !== "")
    .join("\n");
  return text === "" ? undefined : text;
}

function partsOf(blob: Buffer): Map<number, string> | undefined {
  try {
    return partsOfRuns(readAttributedString(blob));
  } catch {
    // Whatever it is, it is kept as bytes and told.
    return undefined;
  }
}

/** The words of an attributed string's runs, by the parts that they are of. */
export function partsOfRuns(runs: Iterable<BodyRun>): Map<number, string> {
  const parts = new Map<number, string>();
  let last = 0;
  for (const { text, attributes } of runs) {
    const part = attributes.get(PART);
    if (typeof part === "number" && part >= 0 && part < MAX_PARTS) last = part;
    parts.set(last, (parts.get(last) ?? "") + wordsOf(text));
  }
  return parts;
}

export function wordsOf(text: string): string {
  return text.replaceAll(OBJECT_CHARACTER, "");
}
