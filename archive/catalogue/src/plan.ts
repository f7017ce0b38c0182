import type { FilterColumns } from "./filters.ts";
import { indexedTerms } from "./match.ts";
import type { Query, Term } from "./query.ts";
import type { Statistics } from "./statistics.ts";

/** Token conditions, as `catalogue.search` takes them. */
type Atom = { readonly all: string } | { readonly any: string };

/** A query turned into conditions on tokens. */
export interface TokenPlan {
  readonly words: readonly (readonly Atom[])[];
  readonly none?: string;
  /** Tokens do not decide: whoever has them is a candidate, whose text must be looked at. */
  readonly candidates: boolean;
  /** It has terms that stand for many words: dear to check on a row. */
  readonly prefix: boolean;
  /** Nothing can be found: a prefix that no word has. */
  readonly impossible: boolean;
  /** Share of the rows that have the tokens, as if words were independent of each other. */
  share(statistics: Statistics): number;
}

/** What a token plan needs of its surroundings. */
export interface Words {
  token(term: string): bigint;
  /** @throws {CatalogueError} `bad-query`: too many */
  expand(prefix: string): Promise<readonly string[]>;
}

interface PlannedTerm {
  readonly atom: Atom | undefined;
  readonly tokens: readonly bigint[];
  readonly every: boolean;
  readonly enough: boolean;
}

/**
 * @param required a token that a row must have besides
 * @throws {CatalogueError} `bad-query`
 */
export async function planTokens(query: Query, words: Words, required?: bigint): Promise<TokenPlan> {
  const clauses = await Promise.all(
    query.clauses.map((terms) => Promise.all(terms.map((term) => planTerm(term, words)))),
  );
  const none = await Promise.all(query.none.map((term) => planTerm(term, words)));
  // What must be absent can be excluded by its token only where the token says enough.
  const excluded = none.filter((term) => term.enough).flatMap((term) => term.tokens);
  return {
    words: [
      ...clauses.map((terms) => terms.flatMap((term) => term.atom ?? [])),
      ...(required === undefined ? [] : [[{ all: literal([required]) }]]),
    ],
    ...(excluded.length === 0 ? {} : { none: literal(excluded) }),
    candidates: !clauses.flat().every((term) => term.enough) || !none.every((term) => term.enough),
    prefix: clauses.flat().some((term) => !term.every),
    impossible: clauses.some((terms) => terms.every((term) => term.atom === undefined)),
    share(statistics) {
      let share = required === undefined ? 1 : statistics.token(required);
      for (const terms of clauses)
        share *= 1 - terms.reduce((miss, term) => miss * (1 - shareOf(term, statistics)), 1);
      for (const token of excluded) share *= 1 - statistics.token(token);
      return share;
    },
  };
}

async function planTerm(term: Term, words: Words): Promise<PlannedTerm> {
  if (term.type === "prefix") {
    const tokens = (await words.expand(term.prefix)).map((word) => words.token(word));
    return {
      atom: tokens.length === 0 ? undefined : { any: literal(tokens) },
      tokens,
      every: false,
      enough: true,
    };
  }
  const { terms, enough } = indexedTerms(term);
  const tokens = terms.map((one) => words.token(one));
  return { atom: { all: literal(tokens) }, tokens, every: true, enough };
}

function shareOf({ tokens, every }: PlannedTerm, statistics: Statistics): number {
  return every
    ? tokens.reduce((share, token) => share * statistics.token(token), 1)
    : Math.min(
        1,
        tokens.reduce((share, token) => share + statistics.token(token), 0),
      );
}

function literal(tokens: readonly bigint[]): string {
  return `{${tokens.join(",")}}`;
}

/** When collecting has to look at no more rows than this, it is quick, and gives the exact total. */
const ALWAYS_COLLECT_ROWS = 2_000;
/** What it costs to look at a row, in those of one that lies beside the row before it (0.6 µs, as measured). */
const COST_OF_ROW = { inOrder: 1, apart: 5, prefix: 15 } as const;
/** What a walk may cost for the sake of a better total, beyond the rows that the page needs. */
const COUNTING_BUDGET = 4_000;
/** Hits that a walk counts at most. */
export const MAX_COUNTED = 1_001;
/** A walk gives up, and hits are collected, when words keep apart and it has gone so many times too far. */
const PATIENCE = 3;

/**
 * Chooses how to search: along a date index, newest first, until the page is full, or by collecting all hits.
 * Left to itself PostgreSQL overestimates rare words and walks half the table for them.
 *
 * @param wanted rows that the page needs
 * @returns `window`: how many rows, of those that the filters leave, to walk over at most; `hits`: how many to
 *   find before stopping, more than wanted where that is cheap. Undefined: collect
 */
export function planWalk(
  plan: TokenPlan,
  filters: FilterColumns,
  statistics: Statistics,
  wanted: number,
): { window: number; hits: number } | undefined {
  const words = plan.share(statistics);
  const { unindexed, collected: filtered, apart } = statistics.filters(filters);
  const collected = statistics.rows * Math.min(words, filtered);
  if (!(collected > ALWAYS_COLLECT_ROWS)) return undefined;
  const rowCost = (apart ? COST_OF_ROW.apart : COST_OF_ROW.inOrder) + (plan.prefix ? COST_OF_ROW.prefix : 0);
  const counting = Math.ceil(COUNTING_BUDGET / rowCost);
  const walked = Math.max(counting, wanted / (words * unindexed));
  if (walked * rowCost > collected * COST_OF_ROW.apart) return undefined;
  return {
    window: Math.max(counting, Math.ceil((PATIENCE * wanted) / words)),
    hits: Math.max(wanted, Math.min(MAX_COUNTED, Math.ceil(counting * words))),
  };
}
