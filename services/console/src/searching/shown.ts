import type { Finding } from "./search-answers.ts";

/** A stretch of a text, marked or not. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** A text cut at its marks. @param marks in code points, in order, without overlaps */
export function pieces(text: string, marks: readonly (readonly [number, number])[]): Piece[] {
  const points = Array.from(text);
  const cut = (start: number, end: number, marked: boolean): Piece[] =>
    end > start ? [{ text: points.slice(start, end).join(""), marked }] : [];
  let at = 0;
  const found = marks.flatMap(([start, end]) => {
    const both = [...cut(at, start, false), ...cut(start, end, true)];
    at = end;
    return both;
  });
  return [...found, ...cut(at, points.length, false)];
}

/** What a template shows of a record. */
export function shownOf({ text, ...finding }: Finding) {
  return {
    ...finding,
    /** The day that it is of, as the archive sorts it. */
    day: finding.at.slice(0, "2026-03-04".length),
    text: text && { before: text.before, after: text.after, pieces: pieces(text.text, text.marks) },
  };
}
