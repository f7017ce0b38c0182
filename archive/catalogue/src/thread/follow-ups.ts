import type { EventKind } from "@daybook/contract";
import { kindCode } from "../codes.ts";
import type { CatalogueSession } from "../connection.ts";
import { REF_COLUMNS, REF_SOURCE, refOf, type RecordRef } from "../record-ref.ts";
import type { Place } from "./stretch.ts";

/** Kinds that are about another record, and stand with it where it is known. */
export const FOLLOW_UPS: readonly EventKind[] = ["edit", "delete", "reaction", "receipt"];

/** What is about one thing that an account saw, as far as it was asked for. */
export interface FollowUps {
  /** Keys of the account and of the thing, as in `RecordRef.keys`. */
  readonly account: string;
  readonly target: string;
  /** Oldest first. */
  readonly refs: readonly RecordRef[];
  /** How many there are of it in all; a floor where there are more than `MAX_COUNTED`. */
  readonly total: number;
}

/** Of each thing, what is looked at when its first few follow-ups are wanted. */
export const MAX_COUNTED = 2_000;

const KINDS = `{${FOLLOW_UPS.map(kindCode).join(",")}}`;
const RECEIPT = kindCode("receipt");
const ABOUT = `r.kind = ANY ('${KINDS}') AND (r.conversation IS NULL OR r.conversation = $2::bigint)`;

const FIRST_FEW = `
WITH f AS MATERIALIZED (SELECT x.* FROM unnest($1::bigint[]) AS t (key) CROSS JOIN LATERAL (
    SELECT l.shard, l.idx, l.kind,
      row_number() OVER (PARTITION BY l.account, l.kind = ${RECEIPT} ORDER BY l.at, l.shard, l.idx) AS n,
      count(*) OVER (PARTITION BY l.account) AS total
    FROM (SELECT r.shard, r.idx, r.at, r.kind, r.account FROM catalogue.record r
      WHERE r.target = t.key AND ${ABOUT} AND ($3::bigint IS NULL OR r.account = $3::bigint)
      LIMIT ${MAX_COUNTED + 1}) l) x
  WHERE x.n <= CASE WHEN x.kind = ${RECEIPT} THEN $5::int ELSE $4::int END)
SELECT f.total, ${REF_COLUMNS} FROM f JOIN ${REF_SOURCE} ON r.shard = f.shard AND r.idx = f.idx
ORDER BY r.at, r.shard, r.idx`;

/**
 * The first edits, deletions, reactions and receipts about each of these things, by the account that saw them.
 *
 * @param of.targets keys of their network ids; @param of.others most edits, deletions and reactions of each
 */
export async function followUpsOf(
  session: CatalogueSession,
  of: {
    readonly conversation: string;
    readonly account?: string | undefined;
    readonly targets: readonly string[];
    readonly others: number;
    readonly receipts: number;
  },
): Promise<FollowUps[]> {
  if (of.targets.length === 0) return [];
  const { rows } = await session.query(FIRST_FEW, [
    `{${of.targets.join(",")}}`,
    of.conversation,
    of.account ?? null,
    of.others,
    of.receipts,
  ]);
  const found = new Map<string, FollowUps & { refs: RecordRef[] }>();
  for (const [total, ...cells] of rows) {
    const ref = refOf(cells);
    const { account, target = "" } = ref.keys;
    const of = found.get(`${account}/${target}`) ?? { account, target, refs: [], total: Number(total) };
    of.refs.push(ref);
    found.set(`${account}/${target}`, of);
  }
  return [...found.values()];
}

const ALL = `
WITH f AS MATERIALIZED (SELECT r.shard, r.idx FROM catalogue.record r
  WHERE r.target = ANY ($1::bigint[]) AND ${ABOUT} AND r.account = $3::bigint
    AND (r.at, r.shard, r.idx) > (to_timestamp($4::bigint / 1000.0), $5::smallint, $6::bigint)
  ORDER BY r.at, r.shard, r.idx LIMIT $7::int)
SELECT ${REF_COLUMNS} FROM f JOIN ${REF_SOURCE} ON r.shard = f.shard AND r.idx = f.idx ORDER BY r.at, r.shard, r.idx`;

/** The next of all that is about these things, as one account saw it, oldest first. */
export async function everyFollowUpOf(
  session: CatalogueSession,
  of: {
    readonly conversation: string;
    readonly account: string;
    readonly targets: readonly string[];
    readonly from: Place;
    readonly limit: number;
  },
): Promise<RecordRef[]> {
  const { conversation, account, targets, from, limit } = of;
  const { rows } = await session.query(ALL, [
    `{${targets.join(",")}}`,
    conversation,
    account,
    from.at,
    from.shard,
    from.index,
    limit,
  ]);
  return rows.map(refOf);
}
