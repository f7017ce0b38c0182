import type { CatalogueSession, Cells } from "./connection.ts";
import { decodeCursor, encodeCursor, type Cursor } from "./cursor.ts";
import { shardCode } from "./codes.ts";
import { CatalogueError } from "./error.ts";
import type { FilterColumns } from "./filters.ts";
import { countsAmong, countsOf, type HitCounts } from "./hit-counts.ts";
import { matches } from "./match.ts";
import { planWalk, type TokenPlan } from "./plan.ts";
import type { Query } from "./query.ts";
import { REF_COLUMNS, refOf, type RecordRef } from "./record-ref.ts";
import type { Statistics } from "./statistics.ts";

/** Reads the text of records, in the order given; undefined for one that has none, or that is gone. */
export type ReadTexts = (refs: readonly RecordRef[]) => Promise<readonly (string | undefined)[]>;

export interface SearchPage {
  /** Newest first. */
  readonly results: readonly RecordRef[];
  /** A floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
  /** Of the hits that `total` counts: with a first page that was asked for them. */
  readonly counts: HitCounts | undefined;
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

/** Candidates that one call reads the text of at most; then it answers with what it has, and a cursor. */
export const MAX_CANDIDATES = 2_000;
/** Candidates read at a time: the first page is often full soon. */
const CANDIDATES_AT_ONCE = 100;

const PAGE = `
SELECT h.total, h.counts, ${REF_COLUMNS} FROM catalogue.search($1) h
JOIN catalogue.record r ON r.shard = h.shard AND r.idx = h.idx
JOIN catalogue.segment s ON s.shard = r.shard AND s.first_index = r.segment
ORDER BY h.at DESC, h.shard DESC, h.idx DESC`;

/** A search, ready to run. */
export interface PreparedSearch {
  readonly query: Query;
  readonly plan: TokenPlan;
  readonly filters: FilterColumns;
  /** Tells this search from others: a cursor belongs to it. */
  readonly name: string;
}

interface Hits {
  readonly refs: RecordRef[];
  readonly total: number;
  readonly exact: boolean;
  readonly counts: string | null;
  /** More hits follow beyond the last of `refs`. */
  readonly more: boolean;
}

type Place = Pick<Cursor, "at" | "shard" | "index">;

/** @throws {CatalogueError} `bad-cursor`, `unavailable` */
export async function searchPage(
  session: CatalogueSession,
  search: PreparedSearch,
  statistics: Statistics,
  options: {
    limit: number;
    cursor?: string | undefined;
    texts?: ReadTexts | undefined;
    counted?: boolean | undefined;
  },
): Promise<SearchPage> {
  const { limit } = options;
  const cursor = options.cursor === undefined ? undefined : decodeCursor(options.cursor, search.name);
  const counted = options.counted === true && cursor === undefined;
  if (search.plan.impossible) {
    const counts = counted ? countsOf(null) : undefined;
    return { results: [], total: 0, totalIsExact: true, counts, next: undefined };
  }
  if (search.plan.candidates) {
    if (options.texts === undefined)
      throw new CatalogueError("bad-query", "phrases need the texts of candidates");
    const page = await confirmedPage(session, search, statistics, { limit, cursor, texts: options.texts });
    return { ...page, counts: counted ? countsAmong(page.results) : undefined };
  }

  const hits = await find(session, search, statistics, {
    limit,
    before: cursor,
    counting: cursor === undefined,
    counted,
  });
  // Later pages repeat what the first one found out, when it knew more.
  const known = cursor !== undefined && !hits.exact ? cursor : hits;
  const total = Math.max(known.total, hits.total);
  const next = hits.more ? placeOf(hits.refs.at(-1)) : undefined;
  return {
    results: hits.refs,
    total,
    totalIsExact: known.exact,
    counts: counted ? countsOf(hits.counts) : undefined,
    next: next && encodeCursor({ ...next, total, exact: known.exact }, search.name),
  };
}

/** Phrases and long runs: candidates by their tokens, then their texts, newest first, as far as one call goes. */
async function confirmedPage(
  session: CatalogueSession,
  search: PreparedSearch,
  statistics: Statistics,
  { limit, cursor, texts }: { limit: number; cursor: Cursor | undefined; texts: ReadTexts },
): Promise<Omit<SearchPage, "counts">> {
  const results: RecordRef[] = [];
  let place: Place | undefined = cursor;
  let read = 0;
  let more = true;
  while (more && results.length < limit && read < MAX_CANDIDATES) {
    const wanted = Math.min(MAX_CANDIDATES - read, Math.max(CANDIDATES_AT_ONCE, read * 3));
    const hits: Hits = await find(session, search, statistics, {
      limit: wanted,
      before: place,
      counting: false,
      counted: false,
    });
    ({ more } = hits);
    for (let start = 0; start < hits.refs.length && results.length < limit; start += CANDIDATES_AT_ONCE) {
      const candidates = hits.refs.slice(start, start + CANDIDATES_AT_ONCE);
      const found = await texts(candidates);
      for (const [at, ref] of candidates.entries()) {
        if (results.length === limit) {
          more = true;
          break;
        }
        place = placeOf(ref);
        const text = found[at];
        if (text !== undefined && matches(search.query, text)) results.push(ref);
      }
      more ||= start + CANDIDATES_AT_ONCE < hits.refs.length && results.length === limit;
    }
    read += hits.refs.length;
  }
  const total = (cursor?.total ?? 0) + results.length;
  return {
    results,
    total,
    totalIsExact: !more,
    next:
      more && place !== undefined ? encodeCursor({ ...place, total, exact: false }, search.name) : undefined,
  };
}

/** One page of hits by filters and tokens, by the cheaper way. */
async function find(
  session: CatalogueSession,
  search: PreparedSearch,
  statistics: Statistics,
  {
    limit,
    before,
    counting,
    counted,
  }: { limit: number; before: Place | undefined; counting: boolean; counted: boolean },
): Promise<Hits> {
  const { plan, filters } = search;
  const q = {
    words: plan.words,
    ...(plan.none === undefined ? {} : { none: plan.none }),
    filters,
    ...(before === undefined ? {} : { before: { at: before.at, shard: before.shard, idx: before.index } }),
    limit: limit + 1,
    counted,
  };
  const path = planWalk(plan, filters, statistics, limit + 1);
  if (path !== undefined) {
    const found = counting ? path.hits : limit + 1;
    const hits = await page(session, { ...q, mode: "walk", window: path.window, hits: found }, limit);
    if (hits.more) return { ...hits, exact: false };
    // Fewer than the page needs: the words keep apart, or the statistics are old. Collecting finds them all.
  }
  const hits = await page(session, { ...q, mode: "page" }, limit);
  return { ...hits, exact: hits.refs.length > 0 || before === undefined };
}

async function page(session: CatalogueSession, q: object, limit: number): Promise<Omit<Hits, "exact">> {
  const { rows } = await session.query(PAGE, [JSON.stringify(q)]);
  const [total = 0, counts = null] = rows[0] ?? [];
  const refs = rows.slice(0, limit).map(([, , ...row]) => refOf(row));
  return { refs, total: Number(total), counts, more: rows.length > limit };
}

/** How many there are, exactly: may take as long as reading the table. */
export async function countHits(session: CatalogueSession, search: PreparedSearch): Promise<number> {
  if (search.plan.impossible) return 0;
  const { plan, filters } = search;
  const q = {
    words: plan.words,
    ...(plan.none === undefined ? {} : { none: plan.none }),
    filters,
    mode: "count",
  };
  const { rows } = await session.query("SELECT total FROM catalogue.search($1)", [JSON.stringify(q)]);
  return Number(rows[0]?.[0] ?? 0);
}

/** Rows of one FETCH. */
const FETCH_ROWS = 5_000;

/**
 * Every hit, in the order of the logs, in pieces; candidates are confirmed on the way. The connection is held
 * until the last piece is taken, and all of it is one snapshot.
 */
export async function* selectHits(
  session: CatalogueSession,
  search: PreparedSearch,
  texts: ReadTexts | undefined,
): AsyncGenerator<readonly RecordRef[], void, undefined> {
  if (search.plan.impossible) return;
  if (search.plan.candidates && texts === undefined) {
    throw new CatalogueError("bad-query", "phrases need the texts of candidates");
  }
  const { plan, filters } = search;
  const q = {
    words: plan.words,
    ...(plan.none === undefined ? {} : { none: plan.none }),
    filters,
    mode: "all",
  };
  await session.query("BEGIN READ ONLY");
  try {
    await session.query(
      `DECLARE hits NO SCROLL CURSOR FOR SELECT ${REF_COLUMNS} FROM catalogue.search($1) h
       JOIN catalogue.record r ON r.shard = h.shard AND r.idx = h.idx
       JOIN catalogue.segment s ON s.shard = r.shard AND s.first_index = r.segment ORDER BY h.shard, h.idx`,
      [JSON.stringify(q)],
    );
    for (;;) {
      const { rows } = await session.query(`FETCH ${FETCH_ROWS} FROM hits`);
      if (rows.length === 0) return;
      const refs = rows.map((row: Cells) => refOf(row));
      yield plan.candidates && texts !== undefined ? await confirmed(search.query, refs, texts) : refs;
    }
  } finally {
    await session.query("ROLLBACK").catch(() => undefined);
  }
}

async function confirmed(query: Query, refs: readonly RecordRef[], texts: ReadTexts): Promise<RecordRef[]> {
  const found: RecordRef[] = [];
  for (let start = 0; start < refs.length; start += CANDIDATES_AT_ONCE) {
    const candidates = refs.slice(start, start + CANDIDATES_AT_ONCE);
    const read = await texts(candidates);
    candidates.forEach((ref, at) => {
      const text = read[at];
      if (text !== undefined && matches(query, text)) found.push(ref);
    });
  }
  return found;
}

function placeOf(ref: RecordRef | undefined): Place | undefined {
  return ref && { at: Date.parse(ref.at), shard: shardCode(ref.shard), index: ref.index };
}
