import { AUDIT_SHARD } from "@daybook/contract";
import { kindCode, shardCode } from "./codes.ts";
import type { CatalogueSession } from "./connection.ts";
import { interval } from "./filters.ts";
import type { Identifiers } from "./identifiers.ts";
import { REF_COLUMNS, REF_SOURCE, refOf, type RecordRef } from "./record-ref.ts";

export interface AuditReader {
  /**
   * Audit records, the last logged first. Those of one day are found without reading what came after them.
   *
   * @param of.before index in the audit log: what was logged before it
   * @param of.from inclusive, as in `Filters`, as is `to`
   * @throws {CatalogueError} `bad-filter`
   */
  page(of: {
    matter?: string | undefined;
    from?: string | undefined;
    to?: string | undefined;
    before?: number | undefined;
    limit: number;
  }): Promise<RecordRef[]>;
}

const SHARD = shardCode(AUDIT_SHARD);
/** Events that are made at one time are logged in any order: by fewer places than this. */
const OUT_OF_ORDER = 1_000;
const END = Number.MAX_SAFE_INTEGER;

const PAGE = `
SELECT ${REF_COLUMNS} FROM ${REF_SOURCE}
WHERE r.shard = ${SHARD} AND r.idx < $1::bigint AND r.idx >= $2::bigint AND r.kind = ${kindCode("audit")}
  AND ($3::bigint IS NULL OR r.matter = $3::bigint)
  AND r.at >= to_timestamp($4::bigint / 1000.0) AND r.at <= to_timestamp($5::bigint / 1000.0)
ORDER BY r.idx DESC LIMIT $6::int`;

const FIRST_FROM = `
SELECT idx, (extract(epoch FROM at) * 1000)::bigint FROM catalogue.record
WHERE shard = ${SHARD} AND idx >= $1::bigint AND at IS NOT NULL ORDER BY idx LIMIT 1`;

export function createAuditReader(of: {
  readonly run: <Result>(work: (session: CatalogueSession) => Promise<Result>) => Promise<Result>;
  readonly identifiers: Identifiers;
}): AuditReader {
  return {
    page: ({ matter, from, to, before = END, limit }) =>
      of.run(async (session) => {
        const first = from === undefined ? undefined : interval(from).first;
        const last = to === undefined ? undefined : interval(to).last;
        const low = first === undefined ? 0 : (await indexAt(session, first)) - OUT_OF_ORDER;
        const high = last === undefined ? before : (await indexAt(session, last + 1)) + OUT_OF_ORDER;
        const { rows } = await session.query(PAGE, [
          Math.min(before, high),
          low,
          matter === undefined ? null : of.identifiers.of("matter", matter),
          first ?? -62_200_000_000_000,
          last ?? 253_402_300_799_999,
          limit,
        ]);
        return rows.map(refOf);
      }),
  };
}

/** Index in the audit log of about the first record of a time or later: found by halves, since it is almost in order. */
async function indexAt(session: CatalogueSession, ms: number): Promise<number> {
  const { rows } = await session.query(`SELECT max(idx) FROM catalogue.record WHERE shard = ${SHARD}`);
  let low = 0;
  let high = Number(rows[0]?.[0] ?? -1) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [found] = (await session.query(FIRST_FROM, [middle])).rows;
    if (found === undefined || Number(found[1]) >= ms) high = middle;
    else low = Math.max(middle, Number(found[0])) + 1;
  }
  return low;
}
