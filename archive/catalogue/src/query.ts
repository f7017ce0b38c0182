import { CatalogueError } from "./error.ts";
import { unitsOf, type Unit } from "./fold.ts";

/** One thing to look for. */
export type Term =
  /** These units one after the other: one word, a phrase, or a run of unspaced characters. */
  | { readonly type: "sequence"; readonly units: readonly Unit[] }
  /** Any word that begins so. */
  | { readonly type: "prefix"; readonly prefix: string };

/** What is searched for: every clause holds, and nothing of `none`. A clause holds when one of its terms does. */
export interface Query {
  readonly clauses: readonly (readonly Term[])[];
  readonly none: readonly Term[];
}

const MAX_CHARACTERS = 1_000;
const MAX_TERMS = 64;

/** `-`, then a quoted phrase or anything up to a space or quote. */
const PART = /(?<minus>-?)(?:"(?<phrase>[^"]*)"|(?<bare>[^\s"]+))|(?<open>")/gu;

/**
 * Reads search words: `word`, `"a phrase"`, `word*`, `a OR b` (binds tighter than the space, which means
 * and), `-word`. Punctuation is no more than a space, but keeps what it joins together: `e-mail` is a phrase.
 *
 * @param words at most 1,000 characters and 64 terms; nothing but spaces finds everything
 * @throws {CatalogueError} `bad-query`
 */
export function parseQuery(words: string): Query {
  if (words.length > MAX_CHARACTERS) throw bad(`a search is at most ${MAX_CHARACTERS} characters long`);
  const clauses: Term[][] = [];
  const none: Term[] = [];
  let terms = 0;
  let afterOr = false;
  let canOr = false;

  for (const { groups } of words.replace(/[“”„«»]/g, '"').matchAll(PART)) {
    if (groups?.["open"] !== undefined) throw bad("a quotation mark is not closed");
    const phrase = groups?.["phrase"];
    const bare = groups?.["bare"] ?? "";
    const negated = groups?.["minus"] === "-";
    if (phrase === undefined && bare === "OR" && !negated) {
      if (!canOr) throw bad("OR stands between two words");
      afterOr = true;
      canOr = false;
      continue;
    }
    const term = phrase === undefined ? bareTerm(bare) : sequence(phrase);
    if (term === undefined) {
      if (afterOr) throw bad("OR stands between two words");
      continue;
    }
    terms += term.type === "sequence" ? term.units.length : 1;
    if (terms > MAX_TERMS) throw bad(`a search has at most ${MAX_TERMS} words`);
    if (negated) {
      if (afterOr) throw bad("a word after OR cannot be excluded");
      none.push(term);
      canOr = false;
    } else if (afterOr) clauses.at(-1)?.push(term);
    else clauses.push([term]);
    canOr = !negated;
    afterOr = false;
  }
  if (afterOr) throw bad("OR stands between two words");
  if (terms === 0 && words.trim() !== "") throw bad("no word to search for: letters, digits or pictographs");
  return { clauses, none };
}

function sequence(text: string): Term | undefined {
  const units = unitsOf(text);
  return units.length === 0 ? undefined : { type: "sequence", units };
}

function bareTerm(text: string): Term | undefined {
  if (!/[^*]\*$/.test(text)) return sequence(text);
  const units = unitsOf(text.slice(0, -1));
  const [unit] = units;
  if (unit === undefined) return undefined;
  // A run of unspaced characters is found wherever it stands, so what follows is open anyway.
  if (units.every((one) => one.unspaced)) return { type: "sequence", units };
  if (units.length > 1) throw bad("* ends a single word");
  return { type: "prefix", prefix: unit.text };
}

function bad(message: string): CatalogueError {
  return new CatalogueError("bad-query", message);
}
