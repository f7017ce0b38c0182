import { marksOf } from "./mark.ts";
import type { Query } from "./query.ts";

/** A part of a text around the first thing found in it. */
export interface Excerpt {
  readonly text: string;
  /** Whether the text goes on before and after it. */
  readonly before: boolean;
  readonly after: boolean;
  /** What was found, in code points of this part: `[start, end)`. */
  readonly marks: readonly (readonly [start: number, end: number])[];
}

/** Code points of an excerpt, about: it ends between words where one is near. */
const WIDTH = 400;
/** Of those, before the first thing found. */
const LEAD = 100;
/** How far to look for white space to begin or end at. */
const SLACK = 24;
/** Code units of a text that are looked at: what is found only further on is not marked. */
const MAX_LOOKED_AT = 32_768;

/** The beginning of a text in which nothing is found, or nothing within its first 32,768 code units. */
export function excerptOf(query: Query, text: string): Excerpt {
  const marks = marksOf(query, lookedAt(text));
  const [first] = marks;
  let start = first === undefined ? 0 : back(text, first.start, LEAD);
  const whole = forward(text, 0, WIDTH) === text.length;
  if (whole) start = 0;
  else if (start > 0) start = afterSpace(text, start, first?.start ?? start);
  let end = whole ? text.length : forward(text, start, WIDTH);
  if (end < text.length) end = beforeSpace(text, end, Math.max(first?.end ?? 0, start));
  const points = (from: number, to: number) => Array.from(text.slice(from, to)).length;
  return {
    text: text.slice(start, end),
    before: start > 0,
    after: end < text.length,
    marks: marks.flatMap((mark) => {
      const from = points(start, mark.start);
      // What is longer than an excerpt is marked as far as that goes.
      const to = Math.min(mark.end, end);
      if (mark.start < start || mark.start >= end || (to < mark.end && mark !== first)) return [];
      return [[from, from + points(mark.start, to)] as const];
    }),
  };
}

/** Whole words: a part of one could be another. */
function lookedAt(text: string): string {
  if (text.length <= MAX_LOOKED_AT) return text;
  const part = text.slice(0, MAX_LOOKED_AT);
  return part.slice(0, part.search(/\S*$/) || MAX_LOOKED_AT);
}

/** So many code points before a place. */
function back(text: string, from: number, points: number): number {
  let at = from;
  for (let n = 0; n < points && at > 0; n += 1) at -= isLow(text, at - 1) && at > 1 ? 2 : 1;
  return at;
}

function forward(text: string, from: number, points: number): number {
  let at = from;
  for (let n = 0; n < points && at < text.length; n += 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

function isLow(text: string, at: number): boolean {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

const SPACE = /\s/;

/** The first beginning of a word from here on, unless that is far, or past `limit`. */
function afterSpace(text: string, from: number, limit: number): number {
  for (let at = from; at < Math.min(limit, from + SLACK); at += 1) {
    if (SPACE.test(text[at] ?? "")) return at + 1;
  }
  return from;
}

/** The last end of a word up to here, unless that is far, or before `limit`. */
function beforeSpace(text: string, from: number, limit: number): number {
  for (let at = from; at > Math.max(limit, from - SLACK); at -= 1) {
    if (SPACE.test(text[at] ?? "")) return at;
  }
  return from;
}
