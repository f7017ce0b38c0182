import type { Network } from "@daybook/contract";
import { z } from "zod";
import type { CatalogueSession, Cells } from "../connection.ts";
import { networkOf } from "../codes.ts";
import { parseCell } from "../people.ts";
import type { OpenCell } from "../vocabulary.ts";

/** A conversation, by all the titles it has had, oldest first, and what the catalogue holds of it. */
export interface ConversationSummary {
  /** Keyed number: equal where the conversation is. */
  readonly key: string;
  readonly id: string;
  readonly kind: string;
  /** That of its latest record. */
  readonly network: Network;
  readonly titles: readonly string[];
  /** A floor unless `recordsIsExact`. */
  readonly records: number;
  readonly recordsIsExact: boolean;
  /** ISO. */
  readonly first: string;
  readonly last: string;
}

/** Where a list goes on: behind this conversation. */
export interface ListPlace {
  /** Milliseconds since 1970 of its latest record. */
  readonly last: number;
  readonly key: string;
}

/** Records that are counted of each conversation, at most. */
const MAX_COUNTED = 1_000;

const conversationCell = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.string(),
  network: z.string(),
});

/** Of `$1`, keys of custodians, or null for everybody: with it, the index of custodians serves. */
const OWN = "($1::bigint[] IS NULL OR r.custodian = ANY ($1::bigint[]))";
const ms = (value: string) => `(extract(epoch FROM ${value}) * 1000)::bigint`;

/** Every conversation by hops along the index, without reading the records in between. */
const SEEN_BY_ALL = `
RECURSIVE k AS (
  (SELECT r.conversation FROM catalogue.record r WHERE r.conversation IS NOT NULL ORDER BY r.conversation LIMIT 1)
  UNION ALL
  SELECT (SELECT r.conversation FROM catalogue.record r WHERE r.conversation > k.conversation
    ORDER BY r.conversation LIMIT 1) FROM k WHERE k.conversation IS NOT NULL),
seen AS MATERIALIZED (SELECT k.conversation, l.at AS last FROM k CROSS JOIN LATERAL (
  SELECT r.at FROM catalogue.record r WHERE r.conversation = k.conversation ORDER BY r.at DESC LIMIT 1) l)`;
const SEEN_BY_CUSTODIANS = `
seen AS MATERIALIZED (SELECT r.conversation, max(r.at) AS last FROM catalogue.record r
  WHERE r.custodian = ANY ($1::bigint[]) AND r.conversation IS NOT NULL GROUP BY r.conversation)`;
const SEEN_ALONE = `
seen AS MATERIALIZED (SELECT r.conversation, max(r.at) AS last FROM (SELECT r.conversation, r.at FROM catalogue.record r
  WHERE r.conversation = $2::bigint AND ${OWN} ORDER BY r.at DESC LIMIT 1) r GROUP BY r.conversation)`;

const SUMMARIES = `
SELECT s.conversation, n.network, c.records, ${ms("f.at")}, ${ms("s.last")}, t.cell_key, encode(t.cell, 'base64')
FROM page s
CROSS JOIN LATERAL (SELECT r.at FROM catalogue.record r WHERE r.conversation = s.conversation AND ${OWN}
  ORDER BY r.at LIMIT 1) f
CROSS JOIN LATERAL (SELECT r.network FROM catalogue.record r WHERE r.conversation = s.conversation AND ${OWN}
  ORDER BY r.at DESC LIMIT 1) n
CROSS JOIN LATERAL (SELECT count(*) AS records FROM (SELECT FROM catalogue.record r
  WHERE r.conversation = s.conversation AND ${OWN} LIMIT ${MAX_COUNTED + 1}) r) c
JOIN catalogue.conversation t ON t.key = s.conversation
ORDER BY s.last DESC, s.conversation DESC, t.at, t.title_key`;

/**
 * The conversations with records that the session may see, latest first.
 *
 * @param of.custodians keys of those whose captures count; undefined for everybody's
 * @param of.after where the page before ended
 */
export async function conversationsOf(
  session: CatalogueSession,
  open: OpenCell,
  of: {
    readonly custodians: readonly bigint[] | undefined;
    readonly after: ListPlace | undefined;
    readonly limit: number;
  },
): Promise<ConversationSummary[]> {
  const { custodians, after, limit } = of;
  const { rows } = await session.query(
    `WITH ${custodians ? SEEN_BY_CUSTODIANS : SEEN_BY_ALL},
     page AS MATERIALIZED (SELECT * FROM seen s WHERE $2::bigint IS NULL
       OR (s.last, s.conversation) < (to_timestamp($2::bigint / 1000.0), $3::bigint)
       ORDER BY s.last DESC, s.conversation DESC LIMIT $4::int) ${SUMMARIES}`,
    [listed(custodians), after?.last ?? null, after?.key ?? null, limit],
  );
  return summaries(rows, open);
}

/** One conversation; undefined where the session sees no record of it. @param key keyed number */
export async function conversationOf(
  session: CatalogueSession,
  open: OpenCell,
  { key, custodians }: { readonly key: string; readonly custodians: readonly bigint[] | undefined },
): Promise<ConversationSummary | undefined> {
  const { rows } = await session.query(`WITH ${SEEN_ALONE}, page AS (SELECT * FROM seen) ${SUMMARIES}`, [
    listed(custodians),
    key,
  ]);
  return (await summaries(rows, open))[0];
}

function listed(keys: readonly bigint[] | undefined): string | null {
  return keys === undefined ? null : `{${keys.join(",")}}`;
}

async function summaries(rows: readonly Cells[], open: OpenCell): Promise<ConversationSummary[]> {
  const found = new Map<string, ConversationSummary & { titles: string[] }>();
  for (const [key, network, records, first, last, cellKey, cell] of rows) {
    const { id, title, kind } = parseCell(
      conversationCell,
      await open(String(cellKey), Buffer.from(cell ?? "", "base64")),
    );
    const known = found.get(String(key));
    if (known) known.titles.push(title);
    else {
      found.set(String(key), {
        key: String(key),
        id,
        kind,
        network: networkOf(Number(network)),
        titles: [title],
        records: Math.min(Number(records), MAX_COUNTED),
        recordsIsExact: Number(records) <= MAX_COUNTED,
        first: new Date(Number(first)).toISOString(),
        last: new Date(Number(last)).toISOString(),
      });
    }
  }
  return [...found.values()];
}
