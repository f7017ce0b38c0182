import type { CatalogueSession } from "./connection.ts";
import type { FilterColumns } from "./filters.ts";

/** Shares of the rows, from PostgreSQL's own sample of the table. */
export interface Statistics {
  /** Rows that a search could meet; 0 until the table has been analysed. */
  readonly rows: number;
  /** Share of the rows that have this token. */
  token(token: bigint): number;
  filters(columns: FilterColumns): {
    /** Share of the rows that collecting has to look at: by the best date index, or by those of people outside together. */
    collected: number;
    /** Of what that date index leaves, the share that the other filters leave, as if they were independent. */
    unindexed: number;
    /** That index is of one custodian or the like: its rows lie apart in the table. */
    apart: boolean;
  };
}

const STALE_MS = 60_000;
/** A share that nothing is known of: so rare that the sample does not show it. */
const RARE = 0.0001;

/** Columns with an index of their own in the order of time. */
const INDEXED_BY_DATE: ReadonlySet<string> = new Set(["custodian", "conversation", "sender", "matter"]);

/** Kept in memory, and renewed in the background once a minute old. */
export function createStatistics(
  session: CatalogueSession,
  now: () => number = Date.now,
): () => Promise<Statistics> {
  let loadedAt = -Infinity;
  let current: Promise<Statistics> | undefined;
  let renewing = false;

  return () => {
    if (current === undefined) {
      const first = load(session);
      current = first;
      loadedAt = now();
      first.catch(() => (current = undefined));
      return first;
    }
    if (now() - loadedAt > STALE_MS && !renewing) {
      renewing = true;
      load(session)
        .then((fresh) => (current = Promise.resolve(fresh)))
        // The old shares go on serving; the search itself will report that PostgreSQL is away.
        .catch(() => undefined)
        .finally(() => {
          loadedAt = now();
          renewing = false;
        });
    }
    return current;
  };
}

interface Shares {
  readonly known: ReadonlyMap<string, number>;
  readonly unknown: number;
}

async function load(session: CatalogueSession): Promise<Statistics> {
  const { rows } = await session.query(
    `SELECT rows, attribute, null_fraction, distinct_values, array_to_json(coalesce(elems, vals)),
       array_to_json(coalesce(elem_freqs, freqs)), array_to_json(bounds) FROM catalogue.statistics()`,
  );
  const columns = new Map<string, Shares>();
  let bounds: number[] = [];
  let count = 0;
  for (const [reltuples, attribute, nullFraction, distinct, names, shares, histogram] of rows) {
    count = Math.max(0, Number(reltuples));
    if (attribute === null || attribute === undefined) continue;
    if (attribute === "at")
      bounds = stringsIn(histogram).map((time) => Date.parse(time.replace(" ", "T").replace(/\+00$/, "Z")));
    const filled = 1 - Number(nullFraction ?? 0);
    const known = new Map<string, number>();
    const frequencies = numbersIn(shares);
    // Of tokens the shares are among rows that have any; of other columns, among all rows.
    stringsIn(names).forEach((name, at) =>
      known.set(name, (frequencies[at] ?? 0) * (attribute === "tokens" ? filled : 1)),
    );
    const unknown =
      attribute === "tokens" ? shareOfUnlisted(known) : shareOfOthers(known, filled, Number(distinct), count);
    columns.set(attribute, { known, unknown });
  }

  return {
    rows: count,
    token(token) {
      const tokens = columns.get("tokens");
      return tokens?.known.get(String(token)) ?? tokens?.unknown ?? RARE;
    },
    filters(given) {
      let share = 1;
      let narrowest = 1;
      let people = 1;
      for (const [column, list] of Object.entries(given)) {
        // Who is held is listed as `custodian` too.
        if (column === "from" || column === "to" || column === "held") continue;
        if (column === "parties") {
          people = shareOfParties(columns, list);
          share *= people;
          continue;
        }
        const shareOf = sharesIn(columns, column);
        const values = list.slice(1, -1).split(",");
        const sum = Math.min(
          1,
          values.reduce((total, value) => total + shareOf(value), 0),
        );
        share *= sum;
        if (INDEXED_BY_DATE.has(column)) narrowest = Math.min(narrowest, sum);
      }
      const inTime = timeShare(bounds, given);
      return {
        unindexed: share / narrowest,
        collected: Math.min(narrowest * inTime, people),
        apart: narrowest < 1,
      };
    },
  };
}

function sharesIn(columns: ReadonlyMap<string, Shares>, column: string): (value: string) => number {
  const shares = columns.get(column);
  return (value) => shares?.known.get(value) ?? shares?.unknown ?? RARE;
}

/** @param list as `columnsOfFilters` writes it */
function shareOfParties(columns: ReadonlyMap<string, Shares>, list: string): number {
  const parties = JSON.parse(list) as { sender: string[]; conversation: string[] }[];
  const people = parties.flatMap(({ sender }) => sender);
  const tokens = columns.get("tokens");
  const shares = [
    ...people.map(sharesIn(columns, "sender")),
    ...people.map((key) => tokens?.known.get(key) ?? RARE),
    ...parties.flatMap(({ conversation }) => conversation.map(sharesIn(columns, "conversation"))),
  ];
  return Math.min(
    1,
    shares.reduce((total, share) => total + share, 0),
  );
}

/** A token that is not listed is rarer than every one that is. */
function shareOfUnlisted(known: ReadonlyMap<string, number>): number {
  return known.size === 0 ? RARE : Math.min(...known.values()) / 2;
}

/**
 * What the values that are not listed have left, in equal parts.
 *
 * @param distinct number of values; below zero, as a share of the rows
 */
function shareOfOthers(
  known: ReadonlyMap<string, number>,
  filled: number,
  distinct: number,
  rows: number,
): number {
  const listed = [...known.values()].reduce((sum, share) => sum + share, 0);
  const others = (distinct < 0 ? -distinct * rows : distinct) - known.size;
  return others >= 1 ? Math.max(0, filled - listed) / others : RARE;
}

/** Share of the rows between two times, by a histogram whose buckets hold equally many rows. */
function timeShare(bounds: readonly number[], { from, to }: FilterColumns): number {
  if (bounds.length < 2) return 1;
  const below = (time: number) => {
    const bucket = bounds.findIndex((bound) => bound > time);
    if (bucket === 0) return 0;
    if (bucket < 0) return 1;
    const start = bounds[bucket - 1] ?? 0;
    const end = bounds[bucket] ?? start;
    return (bucket - 1 + (time - start) / Math.max(1, end - start)) / (bounds.length - 1);
  };
  const share = (to === undefined ? 1 : below(Number(to))) - (from === undefined ? 0 : below(Number(from)));
  return Math.max(share, RARE);
}

function stringsIn(json: string | null | undefined): string[] {
  const list: unknown = JSON.parse(json ?? "[]");
  return Array.isArray(list) ? list.map(String) : [];
}

function numbersIn(json: string | null | undefined): number[] {
  return stringsIn(json).map(Number);
}
