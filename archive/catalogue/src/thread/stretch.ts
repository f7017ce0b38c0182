import { kindCode, shardCode } from "../codes.ts";
import type { CatalogueSession } from "../connection.ts";
import { REF_COLUMNS, REF_SOURCE, refOf, type RecordRef } from "../record-ref.ts";
import { FOLLOW_UPS } from "./follow-ups.ts";

/** Between two records of a conversation: after those up to it, before those beyond it. */
export interface Place {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A shard's code. */
  readonly shard: number;
  readonly index: number;
}

export type Direction = "older" | "newer";

/** Part of a conversation. */
export interface Stretch {
  /** Oldest first. */
  readonly refs: readonly RecordRef[];
  /** Where it goes on in the direction it was read in; undefined at the end. */
  readonly next: Place | undefined;
}

/** Records that one call walks over: with more receipts than that and nothing else, a stretch is short or empty. */
const MAX_WALKED = 5_000;
/** Walked at a time for each record that is wanted: most conversations have more receipts than messages. */
const WALKED_FOR_ONE = 4;

/** Before and after every record: its time has a year of four digits. */
export const FIRST: Place = { at: -62_200_000_000_000, shard: -1, index: 0 };
export const LAST: Place = { at: 253_402_300_799_999, shard: 9_999, index: 0 };

const FOLLOWS = `{${FOLLOW_UPS.map(kindCode).join(",")}}`;

/** Whether the record `r` is of the same capture of the conversation as `of`. */
const sameCapture = (r: string, of: string) =>
  `${r}.account = ${of}.account AND ${r}.network = ${of}.network AND ${r}.conversation = ${of}.conversation`;
const named = (by: string) =>
  `EXISTS (SELECT FROM catalogue.record t WHERE t.network_id = ${by}.target AND t.kind <> ALL ('${FOLLOWS}') AND ${sameCapture("t", by)})`;

/**
 * Whether a record stands by itself: everything does but an edit, deletion, reaction or receipt of something that
 * the same account saw in the same conversation, be it through an edit of it. (Two steps at most, so that records
 * which are about each other in a ring stand by themselves, and none is lost.)
 */
const STANDS = `CASE WHEN r.kind <> ALL ('${FOLLOWS}') OR r.target IS NULL THEN true ELSE NOT (${named("r")}
  OR (r.kind <> ${kindCode("edit")} AND EXISTS (SELECT FROM catalogue.record e WHERE e.network_id = r.target
    AND e.kind = ${kindCode("edit")} AND ${sameCapture("e", "r")} AND ${named("e")}))) END`;

function walk(direction: Direction): string {
  const [compare, bound, order] = direction === "older" ? ["<", "<=", "DESC"] : [">", ">=", "ASC"];
  const by = (r: string) => `${r}.at ${order}, ${r}.shard ${order}, ${r}.idx ${order}`;
  const at = "to_timestamp($3::bigint / 1000.0)";
  return `
WITH w AS MATERIALIZED (
  SELECT r.shard, r.idx, r.at FROM catalogue.record r
  WHERE r.conversation = $1::bigint AND ($2::bigint IS NULL OR r.account = $2::bigint)
    AND r.at ${bound} ${at} AND (r.at, r.shard, r.idx) ${compare} (${at}, $4::smallint, $5::bigint)
  ORDER BY ${by("r")} LIMIT $6::int)
SELECT (${STANDS})::text, ${REF_COLUMNS} FROM w JOIN ${REF_SOURCE} ON r.shard = w.shard AND r.idx = w.idx
ORDER BY ${by("w")}`;
}

const WALKS: Readonly<Record<Direction, string>> = { older: walk("older"), newer: walk("newer") };

/**
 * The next records of a conversation that stand by themselves, from a place on.
 *
 * @param of.conversation keyed number, as `RecordRef.keys.conversation`; @param of.account likewise: its capture alone
 */
export async function stretchOf(
  session: CatalogueSession,
  of: {
    readonly conversation: string;
    readonly account?: string | undefined;
    readonly from: Place;
    readonly direction: Direction;
    readonly limit: number;
  },
): Promise<Stretch> {
  const { conversation, account, direction, limit } = of;
  const refs: RecordRef[] = [];
  let place = of.from;
  let walked = 0;
  let more = true;
  let full = false;
  while (more && !full && walked < MAX_WALKED) {
    const window = Math.min(MAX_WALKED - walked, Math.max(WALKED_FOR_ONE * limit, walked * 2)) + 1;
    const { rows } = await session.query(WALKS[direction], [
      conversation,
      account ?? null,
      place.at,
      place.shard,
      place.index,
      window,
    ]);
    more = rows.length === window;
    // The one beyond the window only tells that there is one.
    for (const [stands, ...cells] of rows.slice(0, window - 1)) {
      full = refs.length === limit && stands === "true";
      if (full) break;
      const ref = refOf(cells);
      place = placeOf(ref);
      if (stands === "true") refs.push(ref);
    }
    walked += rows.length;
  }
  if (direction === "older") refs.reverse();
  return { refs, next: more || full ? place : undefined };
}

export function placeOf(ref: RecordRef): Place {
  return { at: Date.parse(ref.at), shard: shardCode(ref.shard), index: ref.index };
}

/** Just before a record, so that what begins there begins with it. */
export function placeBefore(ref: RecordRef): Place {
  const { at, shard, index } = placeOf(ref);
  return { at, shard, index: index - 1 };
}
