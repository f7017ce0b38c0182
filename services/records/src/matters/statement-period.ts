import type { StatedSearch } from "./statement.ts";

/** Of which time and of whose records the searches of a matter were. */
export interface SearchedScope {
  /** Null: without a beginning, without an end. */
  readonly from: string | null;
  readonly to: string | null;
  /** Ids; null: everybody. */
  readonly custodians: readonly string[] | null;
}

const DAY_LENGTH = "2026-03-04".length;

/** The whole of what was searched: an end that one search leaves open is open. Undefined without a search. */
export function scopeOf(searches: readonly StatedSearch[]): SearchedScope | undefined {
  if (searches.length === 0) return undefined;
  const filters = searches.map((search) => search.filters);
  return {
    from: extreme(
      filters.map(({ from }) => from && bound(from, "T00:00:00.000Z")),
      "first",
    ),
    to: extreme(
      filters.map(({ to }) => to && bound(to, "T23:59:59.999Z")),
      "last",
    ),
    custodians: filters.some(({ custodian, post }) => custodian === undefined || post !== undefined)
      ? null
      : [...new Set(filters.flatMap(({ custodian }) => custodian ?? []))].sort(),
  };
}

function extreme(values: readonly (string | undefined)[], which: "first" | "last"): string | null {
  const given = values.filter((value) => value !== undefined).sort();
  if (given.length < values.length) return null;
  return given.at(which === "first" ? 0 : -1) ?? null;
}

/** RFC 3339 in UTC, whether a day or an instant was asked for. */
function bound(asked: string, time: string): string {
  return new Date(asked.length === DAY_LENGTH ? `${asked}${time}` : asked).toISOString();
}
