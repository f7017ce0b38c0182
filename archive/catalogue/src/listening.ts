import { kindCode } from "./codes.ts";
import type { CatalogueSession } from "./connection.ts";
import { type Filters, interval } from "./filters.ts";
import type { Identifiers } from "./identifiers.ts";
import { REF_COLUMNS, REF_SOURCE, refOf, type RecordRef } from "./record-ref.ts";

type Run = <Result>(work: (session: CatalogueSession) => Promise<Result>) => Promise<Result>;

const END_OF_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** See `CatalogueReader.listening`. @param of.columnsOf filters as the search function takes them */
export async function listeningOf(
  of: { readonly run: Run; readonly columnsOf: (filters: Filters) => Promise<Record<string, string>> },
  { from, to, ...filters }: Pick<Filters, "custodian" | "network" | "account" | "from" | "to">,
): Promise<RecordRef[]> {
  const columns = await of.columnsOf({ ...filters, kinds: ["gap", "coverage"] });
  if (from !== undefined) columns["spanFrom"] = String(interval(from).first);
  // A bound in any case: with it the index of intervals serves, which only such records are in.
  columns["spanTo"] = String(to === undefined ? END_OF_TIME_MS : interval(to).last);
  const { rows } = await of.run((session) =>
    session.query(
      `SELECT ${REF_COLUMNS} FROM catalogue.search($1) h JOIN catalogue.record r ON r.shard = h.shard AND r.idx = h.idx
       JOIN catalogue.segment s ON s.shard = r.shard AND s.first_index = r.segment
       ORDER BY r.span_from, r.shard, r.idx`,
      [JSON.stringify({ words: [], filters: columns, mode: "all" })],
    ),
  );
  return rows.map(refOf);
}

/** Whose gaps and coverage, and of which time: each end inclusive, as in `Filters`. */
export interface ListeningOf {
  /** Ids; everybody's unless given. */
  readonly custodians?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const PAGE = `
SELECT ${REF_COLUMNS} FROM ${REF_SOURCE}
WHERE r.span_from IS NOT NULL AND r.at IS NOT NULL AND NOT r.disposed
  AND r.kind IN (${kindCode("gap")}, ${kindCode("coverage")})
  AND ($1::bigint IS NULL OR r.span_to >= to_timestamp($1::bigint / 1000.0))
  AND ($2::bigint IS NULL OR r.span_from <= to_timestamp($2::bigint / 1000.0))
  AND ($3::bigint[] IS NULL OR r.custodian = ANY ($3::bigint[]))
  AND ($4::timestamptz IS NULL OR r.span_from >= $4::timestamptz AND (r.span_from, r.id) > ($4::timestamptz, $5::uuid))
ORDER BY r.span_from, r.id LIMIT $6::int`;

/**
 * Gaps and coverage whose interval meets this one, by their beginning, page after page: however many there are, no more
 * than one page is held. What comes into the catalogue meanwhile may be left out.
 */
export async function* listeningPagesOf(
  of: {
    readonly run: Run;
    readonly identifiers: Identifiers;
  },
  { custodians, from, to }: ListeningOf,
  size: number,
): AsyncGenerator<RecordRef[], void, undefined> {
  const keys = custodians?.map((id) => of.identifiers.of("custodian", id));
  let last: RecordRef | undefined;
  for (;;) {
    const page = await of.run(async (session) => {
      const { rows } = await session.query(PAGE, [
        from === undefined ? null : interval(from).first,
        to === undefined ? null : interval(to).last,
        keys === undefined ? null : `{${keys.join(",")}}`,
        last?.span?.from ?? null,
        last?.id ?? null,
        size,
      ]);
      return rows.map(refOf);
    });
    if (page.length > 0) yield page;
    if (page.length < size) return;
    last = page.at(-1);
  }
}
