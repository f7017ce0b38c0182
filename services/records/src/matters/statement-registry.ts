import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Tx } from "../database.ts";
import type { SearchedScope } from "./statement-period.ts";

/** An account that was somebody's within what was searched. */
export interface StatedAccount {
  readonly custodian: { readonly id: string; readonly name: string };
  readonly network: string;
  readonly method: string;
  readonly identifier: string | null;
  readonly from: string;
  readonly to: string | null;
}

/** A post that somebody in scope held within what was searched. */
export interface StatedPost {
  readonly custodian: { readonly id: string; readonly name: string };
  readonly title: string;
  readonly unit: string | null;
  readonly kind: string;
  readonly from: string;
  readonly to: string | null;
}

/** A rule by which something was left out, told without what it names. */
export interface StatedRule {
  readonly id: string;
  readonly effect: "include" | "exclude";
  /** What it is about: a custodian, an account, a network, a conversation. */
  readonly by: readonly string[];
  readonly network: string | null;
  readonly addedAt: string;
  readonly endedAt: string | null;
}

/** Records that were destroyed under authority. */
export interface StatedDisposal {
  readonly id: string;
  readonly doneAt: string;
  /** Records destroyed. */
  readonly count: number;
  readonly authority: string;
  /** The record that certifies it; null until it is archived. */
  readonly certificate: string | null;
  /** Whether that was before the authority received the request. */
  readonly beforeReceipt: boolean;
}

/** What one part of a statement names at most. */
export const MAX_STATED = 2_000;

/** Entries of one part, and whether those are all.  */
export type Stated<Entry> = { readonly entries: readonly Entry[]; readonly whole: boolean };

export async function accountsWithin(
  tx: Tx,
  cells: Cells,
  { from, to, custodians }: SearchedScope,
): Promise<Stated<StatedAccount>> {
  const rows = await tx.query<{
    custodian: string;
    name: Buffer;
    account: string;
    network: string;
    method: string;
    identifier: Buffer | null;
    starts: Date;
    ends: Date | null;
  }>(
    `SELECT l.custodian, c.name, a.id AS account, a.network, a.method, a.identifier,
       lower(l.valid) AS starts, upper(l.valid) AS ends
     FROM records.account_link l JOIN records.account a ON a.id = l.account
       JOIN records.custodian c ON c.id = l.custodian
     WHERE l.valid && tstzrange($1, $2, '[]') AND ($3::uuid[] IS NULL OR l.custodian = ANY ($3))
     ORDER BY l.custodian, starts, a.id LIMIT ${MAX_STATED + 1}`,
    [from, to, custodians],
  );
  return bounded(
    rows.map(({ custodian, name, account, network, method, identifier, starts, ends }) => ({
      custodian: { id: custodian, name: cells.open(PLACES.custodian(custodian), name) },
      network,
      method,
      identifier: identifier && cells.open(PLACES.identifier(account), identifier),
      from: starts.toISOString(),
      to: ends && ends.toISOString(),
    })),
  );
}

export async function postsWithin(
  tx: Tx,
  cells: Cells,
  { from, to, custodians }: SearchedScope,
): Promise<Stated<StatedPost>> {
  const rows = await tx.query<{
    custodian: string;
    name: Buffer;
    post: string;
    title: Buffer;
    unit: Buffer | null;
    kind: string;
    starts: Date;
    ends: Date | null;
  }>(
    `SELECT h.custodian, c.name, p.id AS post, p.title, p.unit, h.kind, lower(h.valid) AS starts, upper(h.valid) AS ends
     FROM records.holding h JOIN records.post p ON p.id = h.post JOIN records.custodian c ON c.id = h.custodian
     WHERE h.valid && tstzrange($1, $2, '[]') AND ($3::uuid[] IS NULL OR h.custodian = ANY ($3))
     ORDER BY h.custodian, starts, h.id LIMIT ${MAX_STATED + 1}`,
    [from, to, custodians],
  );
  return bounded(
    rows.map(({ custodian, name, post, title, unit, kind, starts, ends }) => ({
      custodian: { id: custodian, name: cells.open(PLACES.custodian(custodian), name) },
      title: cells.open(PLACES.post(post), title),
      unit: unit && cells.open(PLACES.unit(post), unit),
      kind,
      from: starts.toISOString(),
      to: ends && ends.toISOString(),
    })),
  );
}

/** Rules that were in force at some time within what was searched. */
export async function rulesWithin(tx: Tx, { from, to }: SearchedScope): Promise<Stated<StatedRule>> {
  const rows = await tx.query<{
    id: string;
    rule: { effect: StatedRule["effect"]; network?: string } & Record<string, unknown>;
    added_at: Date;
    ended_at: Date | null;
  }>(
    `SELECT id, rule, added_at, ended_at FROM records.scope_rule
     WHERE ($2::timestamptz IS NULL OR added_at <= $2) AND ($1::timestamptz IS NULL OR coalesce(ended_at, 'infinity') >= $1)
     ORDER BY added_at, id LIMIT ${MAX_STATED + 1}`,
    [from, to],
  );
  return bounded(
    rows.map(({ id, rule, added_at, ended_at }) => ({
      id,
      effect: rule.effect,
      by: (["custodian", "account", "network", "conversation"] as const).filter((name) => name in rule),
      network: rule.network ?? null,
      addedAt: added_at.toISOString(),
      endedAt: ended_at && ended_at.toISOString(),
    })),
  );
}

/** @param receivedAt of the request: RFC 3339 */
export async function disposalsBefore(
  tx: Tx,
  cells: Cells,
  receivedAt: string,
): Promise<Stated<StatedDisposal>> {
  const rows = await tx.query<{
    id: string;
    done_at: Date;
    count: number;
    authority: Buffer;
    certificate: string | null;
  }>(
    `SELECT d.id, d.done_at, jsonb_array_length(d.doomed) AS count, d.authority,
       replace(c.record::text, '-', '') AS certificate
     FROM records.disposal d LEFT JOIN records.certificate c ON c.disposal = d.id
     WHERE d.state = 'done' ORDER BY d.done_at, d.id LIMIT ${MAX_STATED + 1}`,
  );
  return bounded(
    rows.map(({ id, done_at, count, authority, certificate }) => ({
      id,
      doneAt: done_at.toISOString(),
      count,
      authority: cells.open(PLACES.authority(id), authority),
      certificate,
      beforeReceipt: done_at.toISOString() < receivedAt,
    })),
  );
}

function bounded<Entry>(entries: readonly Entry[]): Stated<Entry> {
  return { entries: entries.slice(0, MAX_STATED), whole: entries.length <= MAX_STATED };
}
