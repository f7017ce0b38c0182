import { randomUUID } from "node:crypto";
import type { Network } from "@daybook/contract";
import { z } from "zod";
import { PLACES } from "../apply.ts";
import { type Cells, foldName } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { requireOrder } from "./holdings.ts";
import type { IdentifierKind } from "./post-facts.ts";
import { NEAR_CHANGE_MS, type Span } from "./spans.ts";

/** `expected`: no account of theirs is linked; `leaving`: on a day that is said. */
export const custodianState = z.enum(["expected", "linked", "leaving", "left"]);
export type CustodianState = z.infer<typeof custodianState>;

export interface CustodianNow {
  readonly id: string;
  readonly name: string;
  readonly addedAt: string;
  readonly leftAt: string | null;
  readonly state: CustodianState;
}

/** A number or address that is somebody's for a time. */
export interface HeldIdentifier extends Span {
  readonly id: string;
  readonly kind: IdentifierKind;
  readonly value: string;
}

/** Whose a number or address was at an instant. */
export interface Holder extends Span {
  readonly custodian: { readonly id: string; readonly name: string };
  /** The account by which it is captured; null for one that is only noted. */
  readonly account: string | null;
  /** It changes hands within 24 hours. */
  readonly nearChange: boolean;
}

interface CustodianRow {
  readonly id: string;
  readonly name: Buffer;
  readonly added_at: Date;
  readonly left_at: Date | null;
  readonly linked: boolean;
}

const MAX_ENDED = 1_000;

/** Who people are, whose numbers are whose, and that they leave. */
export class Custody {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #now: () => Date;

  constructor(of: { database: Database; changes: Changes; cells: Cells; now: () => Date }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#now = of.now;
  }

  /** @throws {RecordsError} `not-found` */
  async get(id: string): Promise<CustodianNow> {
    const [one] = await this.states([id]);
    if (!one) throw new RecordsError("not-found", "there is no such custodian");
    return one;
  }

  /** How those of these ids stand that there are; in no particular order. */
  async states(ids: readonly string[]): Promise<CustodianNow[]> {
    const now = this.#now();
    const rows = await this.#database.query<CustodianRow>(
      `SELECT c.id, c.name, c.added_at, c.left_at, EXISTS (
         SELECT FROM records.account_link l WHERE l.custodian = c.id AND l.valid @> $2::timestamptz) AS linked
       FROM records.custodian c WHERE c.id = ANY ($1::uuid[])`,
      [ids, now.toISOString()],
    );
    return rows.map(({ id, name, added_at, left_at, linked }) => ({
      id,
      name: this.#cells.open(PLACES.custodian(id), name),
      addedAt: added_at.toISOString(),
      leftAt: left_at && left_at.toISOString(),
      state: left_at ? (left_at <= now ? "left" : "leaving") : linked ? "linked" : "expected",
    }));
  }

  /** Records keep the name that they were captured with. Repeating it is harmless. @throws {RecordsError} `not-found` */
  async rename(id: string, name: string, reason: string, actor: string): Promise<CustodianNow> {
    if (foldName(name) === "") throw new RecordsError("bad-request", "a custodian has a name");
    await this.#changes.make(actor, async (tx) => {
      const [row] = await tx.query<{ name: Buffer }>("SELECT name FROM records.custodian WHERE id = $1", [
        id,
      ]);
      if (!row) throw new RecordsError("not-found", "there is no such custodian");
      const before = this.#cells.open(PLACES.custodian(id), row.name);
      if (before === name) return { result: undefined };
      return {
        fact: { action: "custodian.rename", detail: { id, name, before, reason } },
        result: undefined,
      };
    });
    return this.get(id);
  }

  /**
   * From an instant on they are not captured: their accounts are nobody's then, released from their devices, and their
   * posts vacant, whatever was said for later. What was captured stays. Repeating it is harmless.
   *
   * @throws {RecordsError} `not-found`; `conflict`: they leave on another day, which is to be taken back first
   */
  async leave(id: string, to: string, reason: string, actor: string): Promise<CustodianNow> {
    await this.#changes.make(actor, async (tx) => {
      const before = await this.#leftAt(tx, id);
      if (before === to) return { result: undefined };
      if (before !== null)
        throw new RecordsError("conflict", "they leave at another time: take that back first");
      const accounts = await ended(tx, "account AS of, valid FROM records.account_link", id, to);
      const holdings = await ended(tx, "id AS of, valid FROM records.holding", id, to);
      const detail = {
        id,
        to,
        before,
        accounts: accounts.map(({ of: account, ...span }) => ({ account, ...span })),
        holdings: holdings.map(({ of: holding, ...span }) => ({ holding, ...span })),
        reason,
      };
      return { fact: { action: "custodian.leave", detail }, result: undefined };
    });
    return this.get(id);
  }

  /** They did not leave, or are back. Accounts and posts that ended begin anew only when that is said of each. */
  async return(id: string, reason: string, actor: string): Promise<CustodianNow> {
    await this.#changes.make(actor, async (tx) => {
      const before = await this.#leftAt(tx, id);
      if (before === null) return { result: undefined };
      return { fact: { action: "custodian.return", detail: { id, before, reason } }, result: undefined };
    });
    return this.get(id);
  }

  /** The numbers and addresses noted of a custodian, oldest first. */
  async identifiers(custodian: string): Promise<HeldIdentifier[]> {
    const rows = await this.#database.query<{
      id: string;
      kind: IdentifierKind;
      value: Buffer;
      from: Date;
      to: Date | null;
    }>(
      `SELECT id, kind, value, lower(valid) AS from, upper(valid) AS to FROM records.identifier
       WHERE custodian = $1 ORDER BY valid, id LIMIT 1000`,
      [custodian],
    );
    return rows.map(({ id, kind, value, from, to }) => ({
      id,
      kind,
      value: this.#cells.open(PLACES.heldIdentifier(id), value),
      from: from.toISOString(),
      to: to && to.toISOString(),
    }));
  }

  /** @throws {RecordsError} `not-found`; `conflict`: it is somebody's within that time */
  identify(
    custodian: string,
    of: Omit<HeldIdentifier, "id">,
    reason: string,
    actor: string,
  ): Promise<{ id: string }> {
    requireOrder(of);
    const value = foldIdentifier(of.value);
    return this.#changes.make(actor, async (tx) => {
      await this.#leftAt(tx, custodian);
      const [taken] = await tx.query(
        "SELECT FROM records.identifier WHERE value_key = $1 AND valid && tstzrange($2, $3)",
        [this.#cells.lookup("held-identifier", value), of.from, of.to],
      );
      if (taken) throw new RecordsError("conflict", "that is somebody's within that time already");
      const id = randomUUID();
      const detail = { id, custodian, kind: of.kind, value, from: of.from, to: of.to, reason };
      return { fact: { action: "identifier.add", detail }, result: { id } };
    });
  }

  /** From an instant on it is not theirs. @throws {RecordsError} `not-found`; `bad-request`: it begins later */
  async endIdentifier(id: string, to: string, reason: string, actor: string): Promise<void> {
    await this.#changes.make(actor, async (tx) => {
      const [row] = await tx.query<{ from: Date; to: Date | null }>(
        "SELECT lower(valid) AS from, upper(valid) AS to FROM records.identifier WHERE id = $1",
        [id],
      );
      if (!row) throw new RecordsError("not-found", "no such number or address is noted");
      const before = row.to && row.to.toISOString();
      if (before === to) return { result: undefined };
      requireOrder({ from: row.from.toISOString(), to });
      return { fact: { action: "identifier.end", detail: { id, to, before, reason } }, result: undefined };
    });
  }

  /** Whose a number or address was at an instant: by the accounts on a network, and by what is noted. */
  async who(of: { network: Network | undefined; identifier: string; at: string }): Promise<Holder[]> {
    const networks = of.network ? [of.network] : NETWORKS;
    const keys = networks.map((network) => this.#cells.lookup("identifier", network, of.identifier));
    const rows = await this.#database.query<{
      custodian: string;
      name: Buffer;
      account: string | null;
      from: Date;
      to: Date | null;
    }>(
      `SELECT x.custodian, c.name, x.account, lower(x.valid) AS from, upper(x.valid) AS to FROM (
         SELECT l.custodian, l.account, l.valid FROM records.account a JOIN records.account_link l ON l.account = a.id
         WHERE a.identifier_key = ANY ($1) AND l.valid @> $3::timestamptz
         UNION ALL SELECT custodian, NULL, valid FROM records.identifier
         WHERE value_key = $2 AND valid @> $3::timestamptz) x
       JOIN records.custodian c ON c.id = x.custodian ORDER BY x.account NULLS LAST LIMIT 100`,
      [keys, this.#cells.lookup("held-identifier", foldIdentifier(of.identifier)), of.at],
    );
    const isNear = (end: Date | null) =>
      end !== null && Math.abs(end.getTime() - Date.parse(of.at)) <= NEAR_CHANGE_MS;
    return rows.map(({ custodian, name, account, from, to }) => ({
      custodian: { id: custodian, name: this.#cells.open(PLACES.custodian(custodian), name) },
      account,
      from: from.toISOString(),
      to: to && to.toISOString(),
      nearChange: isNear(from) || isNear(to),
    }));
  }

  async #leftAt(tx: Tx, id: string): Promise<string | null> {
    const [row] = await tx.query<{ left_at: Date | null }>(
      "SELECT left_at FROM records.custodian WHERE id = $1",
      [id],
    );
    if (!row) throw new RecordsError("not-found", "there is no such custodian");
    return row.left_at && row.left_at.toISOString();
  }
}

const NETWORKS: readonly Network[] = ["whatsapp", "signal", "sms", "imessage", "telegram", "email"];

/** As it is looked up: no spaces, brackets and dashes in a number, no capitals in an address. */
export function foldIdentifier(value: string): string {
  const text = value.trim();
  return /^\+?[\d\s().-]+$/.test(text) ? text.replaceAll(/[\s().-]/g, "") : text.toLowerCase();
}

/** What lies after an instant, whole or in part. */
async function ended(
  tx: Tx,
  select: string,
  custodian: string,
  to: string,
): Promise<(Span & { readonly of: string })[]> {
  const rows = await tx.query<{ of: string; from: Date; to: Date | null }>(
    `SELECT of, lower(valid) AS from, upper(valid) AS to FROM (SELECT custodian, ${select}) t
     WHERE custodian = $1 AND valid && tstzrange($2, NULL) ORDER BY valid, of LIMIT ${MAX_ENDED + 1}`,
    [custodian, to],
  );
  if (rows.length > MAX_ENDED) throw new RecordsError("too-many", "too much ends with it for one change");
  return rows.map((row) => ({
    of: row.of,
    from: row.from.toISOString(),
    to: row.to && row.to.toISOString(),
  }));
}
