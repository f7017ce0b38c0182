import type { Tx } from "../database.ts";

/** Half-open: `from` is in it, `to` is not. RFC 3339, UTC, milliseconds. */
export interface Span {
  readonly from: string;
  /** Null: until further notice. */
  readonly to: string | null;
}

/** Tables of what is so for a time, by what their rows say beside the account and the time. */
const TABLES = { account_link: "custodian", device_use: "device" } as const;
export type SpanTable = keyof typeof TABLES;

/** A change of post so near that a clock may be on its other side. */
export const NEAR_CHANGE_MS = 24 * 60 * 60 * 1_000;

/**
 * Takes an interval out of everything that a table says of an account: what lies across its ends is split. What lies
 * outside stays as it was, to the instant. PostgreSQL 18 has no `FOR PORTION OF`: it is two statements.
 *
 * @param only of rows with this custodian or device; of all, unless given
 */
export async function takeOut(
  tx: Tx,
  table: SpanTable,
  account: string,
  { from, to }: Span,
  only?: string,
): Promise<void> {
  const value = TABLES[table];
  // A link is for a moment not under the uses that lie on it.
  if (table === "account_link") await tx.query("SET CONSTRAINTS records.device_use_link DEFERRED");
  const rest = await tx.query<{ value: string; valid: string }>(
    `WITH gone AS (
       DELETE FROM records.${table}
       WHERE account = $1 AND valid && tstzrange($2, $3) AND ($4::uuid IS NULL OR ${value} = $4) RETURNING ${value}, valid)
     SELECT g.${value} AS value, piece::text AS valid
     FROM gone g, unnest(tstzmultirange(g.valid) - tstzmultirange(tstzrange($2, $3))) piece`,
    [account, from, to, only ?? null],
  );
  await tx.query(
    `INSERT INTO records.${table} (account, ${value}, valid)
     SELECT $1, piece.value, piece.valid FROM unnest($2::uuid[], $3::tstzrange[]) AS piece (value, valid)`,
    [account, rest.map((one) => one.value), rest.map((one) => one.valid)],
  );
  if (table === "account_link") await tx.query("SET CONSTRAINTS records.device_use_link IMMEDIATE");
}

/** Says of an interval, of which the table must say nothing else: what adjoins and says the same becomes one with it. */
export async function putIn(
  tx: Tx,
  table: SpanTable,
  account: string,
  value: string,
  { from, to }: Span,
): Promise<void> {
  const column = TABLES[table];
  if (table === "account_link") await tx.query("SET CONSTRAINTS records.device_use_link DEFERRED");
  const [row] = await tx.query<{ valid: string }>(
    `WITH gone AS (
       DELETE FROM records.${table} WHERE account = $1 AND ${column} = $2 AND valid -|- tstzrange($3, $4) RETURNING valid)
     SELECT range_merge(range_agg(valid))::text AS valid
     FROM (SELECT valid FROM gone UNION ALL SELECT tstzrange($3, $4)) parts`,
    [account, value, from, to],
  );
  await tx.query(`INSERT INTO records.${table} (account, ${column}, valid) VALUES ($1, $2, $3::tstzrange)`, [
    account,
    value,
    row?.valid,
  ]);
  if (table === "account_link") await tx.query("SET CONSTRAINTS records.device_use_link IMMEDIATE");
}

/** What a table says of an account, oldest first. */
export async function spansOf(
  tx: Tx,
  table: SpanTable,
  account: string,
  { only, within }: { only?: string; within?: Span } = {},
): Promise<(Span & { readonly value: string })[]> {
  const rows = await tx.query<{ value: string; from: Date; to: Date | null }>(
    `SELECT ${TABLES[table]} AS value, lower(valid) AS from, upper(valid) AS to FROM records.${table}
     WHERE account = $1 AND ($2::uuid IS NULL OR ${TABLES[table]} = $2) AND valid && tstzrange($3, $4)
     ORDER BY valid LIMIT 1000`,
    [account, only ?? null, within?.from ?? null, within?.to ?? null],
  );
  return rows.map(({ value, from, to }) => ({
    value,
    from: from.toISOString(),
    to: to && to.toISOString(),
  }));
}
