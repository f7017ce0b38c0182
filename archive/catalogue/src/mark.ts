import { fold, placedUnits, type Unit } from "./fold.ts";
import { occurrences } from "./match.ts";
import type { Query } from "./query.ts";

/** A stretch of a text: UTF-16 code units, the end not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A unit, and the part of the text that it was folded from. */
interface Found {
  readonly unit: Unit;
  readonly chunk: Chunk;
  /** In what the chunk folds to. */
  readonly start: number;
  readonly end: number;
}

/** A stretch between white space: folding never reaches over that. */
interface Chunk {
  readonly start: number;
  readonly text: string;
  readonly folded: string;
}

/** A place in a chunk at which folding can be cut in two, and where that is in what it folds to. */
interface Joint {
  readonly at: number;
  readonly folded: number;
}

const ASCII = /^[\0-\x7f]*$/;
const CHUNK = /[^\t\n\r ]+/g;
/** Characters of a chunk, where those that fold together have to be searched for. */
const MAX_ODD_CHARACTERS = 128;

const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Where a text has what a query looks for: words, phrases, words that begin so, never what it excludes. What was
 * folded to be found is marked as it was written, by whole characters as people see them. In order, without overlaps.
 */
export function marksOf(query: Query, text: string): Span[] {
  const found = foundIn(text);
  const units = found.map(({ unit }) => unit);
  const joints = new Map<Chunk, readonly Joint[] | undefined>();
  const jointsOf = (chunk: Chunk) => {
    if (!joints.has(chunk)) joints.set(chunk, jointsIn(chunk));
    return joints.get(chunk);
  };
  const spans: Span[] = [];
  for (const term of query.clauses.flat()) {
    for (const { at, length } of occurrences(term, units)) {
      const first = found[at];
      const last = found[at + length - 1];
      if (first === undefined || last === undefined) continue;
      const start = jointsOf(first.chunk)?.findLast(({ folded }) => folded <= first.start);
      const end = jointsOf(last.chunk)?.find(({ folded }) => folded >= last.end);
      if (start && end) spans.push({ start: first.chunk.start + start.at, end: last.chunk.start + end.at });
    }
  }
  return merged(spans);
}

function foundIn(text: string): Found[] {
  const chunks: Chunk[] = ASCII.test(text)
    ? [{ start: 0, text, folded: fold(text) }]
    : [...text.matchAll(CHUNK)].map((match) => ({
        start: match.index,
        text: match[0],
        folded: fold(match[0]),
      }));
  return chunks.flatMap((chunk) => placedUnits(chunk.folded).map((placed) => ({ ...placed, chunk })));
}

/** Undefined where it cannot be told in reasonable time. */
function jointsIn({ text, folded }: Chunk): readonly Joint[] | undefined {
  if (text.length === folded.length && ASCII.test(text)) {
    return Array.from({ length: text.length + 1 }, (_, at) => ({ at, folded: at }));
  }
  const joints: Joint[] = [{ at: 0, folded: 0 }];
  let whole = "";
  for (const { segment, index } of characters.segment(text)) {
    whole += fold(segment);
    joints.push({ at: index + segment.length, folded: whole.length });
  }
  if (whole === folded) return joints;
  // A mark behind something invisible joins a letter that is not its neighbour.
  if (joints.length > MAX_ODD_CHARACTERS) return undefined;
  return joints.flatMap(({ at }) => {
    const before = fold(text.slice(0, at));
    return before + fold(text.slice(at)) === folded ? { at, folded: before.length } : [];
  });
}

function merged(spans: readonly Span[]): Span[] {
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const result: Span[] = [];
  for (const span of sorted) {
    const last = result.at(-1);
    if (last === undefined || span.start >= last.end) result.push(span);
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
  }
  return result;
}
