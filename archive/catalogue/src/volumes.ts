import type { Network } from "@daybook/contract";
import { kindCode, networkOf } from "./codes.ts";
import type { CatalogueSession } from "./connection.ts";
import { CatalogueError } from "./error.ts";

/** How many messages an account had on a day: figures, and no content. */
export interface Volume {
  /** As clocks of the asked zone show it: `2026-03-04`. */
  readonly day: string;
  readonly network: Network;
  /** Keyed identifier, as `CatalogueReader.accountKey` gives it. */
  readonly account: string;
  readonly messages: number;
}

/** Days of one look at most: what is read grows with them. */
export const MAX_VOLUME_DAYS = 92;
const DAY_MS = 86_400_000;

/**
 * Messages a day, by account, of a bounded time: edits, receipts and what Daybook says of itself are not among them.
 *
 * @param of.from inclusive, and `of.to` exclusive: ISO
 * @param of.zone IANA, by which days begin
 * @throws {CatalogueError} `bad-filter`: more than `MAX_VOLUME_DAYS`
 */
export async function volumesOf(
  session: CatalogueSession,
  of: { from: string; to: string; zone: string },
): Promise<Volume[]> {
  const days = (Date.parse(of.to) - Date.parse(of.from)) / DAY_MS;
  if (!(days > 0 && days <= MAX_VOLUME_DAYS))
    throw new CatalogueError("bad-filter", `volumes are told of at most ${MAX_VOLUME_DAYS} days`);
  const { rows } = await session.query(
    `SELECT day::text, network, account, messages FROM (
       SELECT (at AT TIME ZONE $3)::date AS day, network, account, count(*) AS messages FROM catalogue.record
       WHERE at >= $1::timestamptz AND at < $2::timestamptz AND kind = ${kindCode("message")}
       GROUP BY 1, 2, 3) v ORDER BY 1, 2, 3`,
    [of.from, of.to, of.zone],
  );
  return rows.map(([day, network, account, messages]) => ({
    day: String(day),
    network: networkOf(Number(network)),
    account: String(account),
    messages: Number(messages),
  }));
}
