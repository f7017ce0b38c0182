import type { EventKind } from "@daybook/contract";
import { kindOf } from "./codes.ts";
import type { CatalogueSession } from "./connection.ts";
import { CatalogueError } from "./error.ts";
import { MAX_VOLUME_DAYS } from "./volumes.ts";

/** How many records of a kind an account had on a day: figures, and no content. */
export interface Tally {
  /** As clocks of the asked zone show it: `2026-03-04`. */
  readonly day: string;
  /** Keyed identifier, as `CatalogueReader.accountKey` gives it. */
  readonly account: string;
  readonly kind: EventKind;
  readonly records: number;
}

/** All that there is of an account. */
export interface Extent {
  readonly account: string;
  readonly records: number;
  /** ISO: of the earliest and latest record, by the time it sorts by. */
  readonly first: string;
  readonly last: string;
}

const DAY_MS = 86_400_000;

/**
 * Records a day, by account and kind, of a bounded time.
 *
 * @param of.from inclusive, and `of.to` exclusive: ISO
 * @throws {CatalogueError} `bad-filter`: more than `MAX_VOLUME_DAYS`
 */
export async function talliesOf(
  session: CatalogueSession,
  of: { from: string; to: string; zone: string },
): Promise<Tally[]> {
  const days = (Date.parse(of.to) - Date.parse(of.from)) / DAY_MS;
  if (!(days > 0 && days <= MAX_VOLUME_DAYS))
    throw new CatalogueError("bad-filter", `figures are told of at most ${MAX_VOLUME_DAYS} days`);
  const { rows } = await session.query(
    `SELECT (at AT TIME ZONE $3)::date::text, account, kind, count(*) FROM catalogue.record
     WHERE at >= $1::timestamptz AND at < $2::timestamptz GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [of.from, of.to, of.zone],
  );
  return rows.map(([day, account, kind, records]) => ({
    day: String(day),
    account: String(account),
    kind: kindOf(Number(kind)),
    records: Number(records),
  }));
}

/** By account, what the session sees: as much as the table of what it sees is read. */
export async function extentsOf(session: CatalogueSession): Promise<Extent[]> {
  const ms = (at: string) => `(extract(epoch FROM ${at}) * 1000)::bigint`;
  const { rows } = await session.query(
    `SELECT account, count(*), ${ms("min(at)")}, ${ms("max(at)")} FROM catalogue.record GROUP BY account`,
  );
  return rows.map(([account, records, first, last]) => ({
    account: String(account),
    records: Number(records),
    first: new Date(Number(first)).toISOString(),
    last: new Date(Number(last)).toISOString(),
  }));
}
