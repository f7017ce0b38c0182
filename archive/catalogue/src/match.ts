import { unitsOf, type Unit } from "./fold.ts";
import type { Query, Term } from "./query.ts";

/** Whether a text is what a query looks for: decides on candidates that tokens alone cannot decide on. */
export function matches(query: Query, text: string): boolean {
  const units = unitsOf(text);
  return (
    query.clauses.every((terms) => terms.some((term) => holds(term, units))) &&
    !query.none.some((term) => holds(term, units))
  );
}

function holds(term: Term, units: readonly Unit[]): boolean {
  return !occurrences(term, units).next().done;
}

/** Where a term stands: from which unit on, and how many of them it takes. */
export function* occurrences(
  term: Term,
  units: readonly Unit[],
): Generator<{ at: number; length: number }, void, undefined> {
  const length = term.type === "prefix" ? 1 : term.units.length;
  for (let start = 0; start <= units.length - length; start += 1) {
    const isHere =
      term.type === "prefix"
        ? units[start]?.unspaced === false && units[start]?.text.startsWith(term.prefix) === true
        : term.units.every((wanted, at) => fits(wanted, units[start + at], at));
    if (isHere) yield { at: start, length };
  }
}

/** Where characters of the query touch, those of the text must touch. */
function fits(wanted: Unit, unit: Unit | undefined, at: number): boolean {
  if (unit === undefined || unit.text !== wanted.text || unit.unspaced !== wanted.unspaced) return false;
  return at === 0 || !wanted.joined || unit.joined;
}

/**
 * What the index can say of a term: the terms of the index that a record must have, and whether having them
 * is enough. Not enough for phrases and longer runs, whose order the index does not know.
 */
export function indexedTerms(term: Extract<Term, { type: "sequence" }>): {
  terms: string[];
  enough: boolean;
} {
  const { units } = term;
  const terms = new Set<string>();
  units.forEach((unit, at) => {
    const next = units[at + 1];
    if (!unit.unspaced) terms.add(unit.text);
    else if (next?.joined === true) terms.add(unit.text + next.text);
    else if (!unit.joined) terms.add(unit.text);
  });
  return {
    terms: [...terms],
    enough: units.length === 1 || (units.length === 2 && units[1]?.joined === true),
  };
}
