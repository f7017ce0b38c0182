import { kindCode } from "../codes.ts";
import type { CatalogueSession } from "../connection.ts";
import { REF_COLUMNS, REF_SOURCE, refOf, type RecordRef } from "../record-ref.ts";

/** Intervals of one account that are looked at, from each end. */
const MAX_LOOKED_AT = 1_000;

const MEETS = `r.conversation IS NULL AND r.kind IN (${kindCode("gap")}, ${kindCode("coverage")})
  AND r.span_from <= to_timestamp($3::bigint / 1000.0) AND r.span_to >= to_timestamp($2::bigint / 1000.0)`;
const ROWS = "SELECT r.shard, r.idx, r.span_from, r.span_to, r.conversation, r.kind FROM catalogue.record r";

/**
 * From both ends, since neither index alone knows where to stop: what ends soon after the beginning, and what
 * began shortly before the end.
 */
const LISTENING = `
WITH f AS MATERIALIZED (SELECT DISTINCT x.shard, x.idx FROM unnest($1::bigint[]) AS a (key) CROSS JOIN LATERAL (
  (SELECT r.shard, r.idx FROM (${ROWS} WHERE r.account = a.key AND r.span_from IS NOT NULL
      AND r.span_to >= to_timestamp($2::bigint / 1000.0) ORDER BY r.span_to LIMIT ${MAX_LOOKED_AT}) r WHERE ${MEETS})
  UNION ALL
  (SELECT r.shard, r.idx FROM (${ROWS} WHERE r.account = a.key AND r.span_from IS NOT NULL
      AND r.span_from <= to_timestamp($3::bigint / 1000.0) ORDER BY r.span_from DESC LIMIT ${MAX_LOOKED_AT}) r WHERE ${MEETS})
  ) x)
SELECT ${REF_COLUMNS} FROM f JOIN ${REF_SOURCE} ON r.shard = f.shard AND r.idx = f.idx
ORDER BY r.span_from, r.shard, r.idx LIMIT $4::int`;

/**
 * Gaps and coverage of accounts, of no conversation in particular, whose interval meets this one, by their beginning.
 *
 * @param of.accounts keyed numbers; @param of.from milliseconds since 1970, inclusive, as is `to`
 */
export async function listeningOf(
  session: CatalogueSession,
  of: {
    readonly accounts: readonly string[];
    readonly from: number;
    readonly to: number;
    readonly limit: number;
  },
): Promise<RecordRef[]> {
  const { rows } = await session.query(LISTENING, [`{${of.accounts.join(",")}}`, of.from, of.to, of.limit]);
  return rows.map(refOf);
}
