import type { Method, Network } from "@daybook/contract";
import { randomUUID } from "node:crypto";
import { PLACES } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Changes, Decision } from "./changes.ts";
import type { Database, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";
import type { Registry } from "./registry.ts";

/** An account, and a custodian that it belongs to for a period. */
export interface Account {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  /** The account's number or address, where it is known. */
  readonly identifier: string | null;
  readonly custodian: string;
  readonly from: string;
  /** Exclusive; null until further notice. */
  readonly to: string | null;
}

/** An account, and whose it is now. */
export interface AccountNow extends Pick<Account, "id" | "network" | "method" | "identifier"> {
  readonly custodian: { readonly id: string; readonly name: string } | null;
}

/** By what capture knows an account. */
export interface AccountOf {
  readonly custodian: string;
  readonly network: Network;
  readonly method: Method;
  readonly identifier: string | null;
}

interface AccountRow {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  readonly identifier: Buffer | null;
  readonly added_at: Date;
  readonly custodian: string;
  readonly from: Date;
  readonly to: Date | null;
}

/** Accounts of those for whom one person may speak, at most. */
const MAX_OWN = 1_000;
const SELECT = `SELECT a.id, a.network, a.method, a.identifier, a.added_at, l.custodian, lower(l.valid) AS from,
  upper(l.valid) AS to FROM records.account a JOIN records.account_link l ON l.account = a.id`;
const OLDEST_FIRST: Order<AccountRow> = {
  list: "accounts",
  newestFirst: false,
  columns: [
    { sql: "a.added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "a.id", type: "uuid", of: (row) => row.id },
    { sql: "lower(l.valid)", type: "timestamptz", of: (row) => row.from },
  ],
};

/**
 * By which accounts custodians are captured, over time. A record keeps the custodian that it was captured for,
 * whatever is said of its account later.
 */
export class Accounts {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #registry: Registry;
  readonly #now: () => Date;

  constructor(options: {
    database: Database;
    changes: Changes;
    cells: Cells;
    registry: Registry;
    now: () => Date;
  }) {
    this.#database = options.database;
    this.#changes = options.changes;
    this.#cells = options.cells;
    this.#registry = options.registry;
    this.#now = options.now;
  }

  /** In the order they were added, each as often as it was linked. */
  async list(request: PageRequest): Promise<Page<Account>> {
    const { entries, next } = await readPage(this.#database, SELECT, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#account(row)), next };
  }

  /**
   * The account through which a custodian is captured now, made where there is none, and linked where it is
   * nobody's any more.
   *
   * @throws {RecordsError} `conflict` when the identifier is another custodian's, now or from a later instant on
   */
  async resolve(of: AccountOf, actor: string): Promise<{ id: string }> {
    const found = await this.#linked(this.#database, of);
    if (found) return found;
    return this.#changes.make(actor, async (tx): Promise<Decision<{ id: string }>> => {
      const meanwhile = await this.#linked(tx, of);
      if (meanwhile) return { result: meanwhile };
      const [custodian] = await tx.query("SELECT id FROM records.custodian WHERE id = $1", [of.custodian]);
      if (!custodian) throw new RecordsError("no-such-custodian", "no custodian has that id");
      const from = this.#now().toISOString();
      const known = of.identifier === null ? undefined : await this.#known(tx, of, of.identifier, from);
      if (known?.taken) throw new RecordsError("conflict", "that account belongs to another custodian");
      if (known) {
        const detail = { id: known.id, custodian: of.custodian, from };
        return { fact: { action: "account.move", detail }, result: { id: known.id } };
      }
      const id = randomUUID();
      return { fact: { action: "account.add", detail: { ...of, id, from } }, result: { id } };
    });
  }

  /**
   * From an instant on the account is this custodian's, and whatever was said of it for later is void. Repeating it
   * is harmless.
   *
   * @param of.custodian name or id
   * @param of.from now, unless given: it may be past, or to come
   * @returns the account as it is linked from then on
   * @throws {RecordsError} `not-found`, `no-such-custodian`, `ambiguous-custodian`
   */
  async move(
    id: string,
    of: { custodian: string; from: string | undefined; reason: string },
    actor: string,
  ): Promise<Account> {
    const custodian = await this.#registry.find(of.custodian);
    await this.#changes.make(actor, async (tx) => {
      await this.#require(tx, id);
      const from = of.from ?? this.#now().toISOString();
      const [same] = await tx.query(
        `SELECT FROM records.account_link
         WHERE account = $1 AND valid @> $2::timestamptz AND upper_inf(valid) AND custodian = $3`,
        [id, from, custodian.id],
      );
      if (same) return { result: undefined };
      const detail = { id, custodian: custodian.id, from, reason: of.reason };
      return { fact: { action: "account.move", detail }, result: undefined };
    });
    return this.#last(id);
  }

  /**
   * From an instant on the account is nobody's, and whatever was said of it for later is void. Repeating it is
   * harmless.
   *
   * @param of.to exclusive; now, unless given: it may be past, or to come
   * @returns the account as it was linked until then
   * @throws {RecordsError} `not-found`; `conflict` when it is nobody's just before
   */
  async end(id: string, of: { to: string | undefined; reason: string }, actor: string): Promise<Account> {
    await this.#changes.make(actor, async (tx) => {
      await this.#require(tx, id);
      const to = of.to ?? this.#now().toISOString();
      const [link] = await tx.query<{ over: boolean }>(
        `SELECT coalesce(upper(valid) = $2::timestamptz, false) AND NOT EXISTS (
           SELECT FROM records.account_link n WHERE n.account = $1 AND lower(n.valid) >= $2::timestamptz) AS over
         FROM records.account_link
         WHERE account = $1 AND lower(valid) < $2::timestamptz AND (upper_inf(valid) OR upper(valid) >= $2::timestamptz)`,
        [id, to],
      );
      if (!link) throw new RecordsError("conflict", "that account belongs to nobody just before then");
      if (link.over) return { result: undefined };
      return { fact: { action: "account.end", detail: { id, to, reason: of.reason } }, result: undefined };
    });
    return this.#last(id);
  }

  /** The accounts that belong to these custodians now, in the order they were added. */
  async of(custodians: readonly string[]): Promise<Account[]> {
    const rows = await this.#database.query<AccountRow>(
      `${SELECT} WHERE l.custodian = ANY($1) AND l.valid @> $2::timestamptz ORDER BY a.added_at, a.id LIMIT ${MAX_OWN}`,
      [custodians, this.#now().toISOString()],
    );
    return rows.map((row) => this.#account(row));
  }

  /** An account, and whose it is at this moment. @throws {RecordsError} `not-found` */
  async now(id: string): Promise<AccountNow> {
    const [row] = await this.#database.query<Omit<AccountRow, "custodian"> & { custodian: string | null }>(
      `SELECT a.id, a.network, a.method, a.identifier, l.custodian FROM records.account a
       LEFT JOIN records.account_link l ON l.account = a.id AND l.valid @> $2::timestamptz WHERE a.id = $1`,
      [id, this.#now().toISOString()],
    );
    if (!row) throw new RecordsError("not-found", "there is no such account");
    const { network, method, identifier, custodian } = row;
    return {
      id,
      network,
      method,
      identifier: identifier && this.#cells.open(PLACES.identifier(id), identifier),
      custodian: custodian === null ? null : await this.#registry.find(custodian),
    };
  }

  async #require(tx: Tx, id: string): Promise<void> {
    const [row] = await tx.query("SELECT FROM records.account WHERE id = $1", [id]);
    if (!row) throw new RecordsError("not-found", "there is no such account");
  }

  async #last(id: string): Promise<Account> {
    const [row] = await this.#database.query<AccountRow>(
      `${SELECT} WHERE a.id = $1 ORDER BY l.valid DESC LIMIT 1`,
      [id],
    );
    if (!row) throw new RecordsError("not-found", "there is no such account");
    return this.#account(row);
  }

  async #linked(tx: Tx, of: AccountOf): Promise<{ id: string } | undefined> {
    const [row] = await tx.query<{ id: string }>(
      `SELECT a.id FROM records.account a JOIN records.account_link l ON l.account = a.id
       WHERE l.custodian = $1 AND l.valid @> $2::timestamptz AND a.network = $3 AND a.method = $4
         AND a.identifier_key IS NOT DISTINCT FROM $5 ORDER BY a.added_at, a.id LIMIT 1`,
      [
        of.custodian,
        this.#now().toISOString(),
        of.network,
        of.method,
        of.identifier === null ? null : this.#cells.lookup("identifier", of.network, of.identifier),
      ],
    );
    return row;
  }

  /** The account of an identifier, and whether it is anybody's at that instant or after. */
  async #known(
    tx: Tx,
    { network, method }: AccountOf,
    identifier: string,
    from: string,
  ): Promise<{ id: string; taken: boolean } | undefined> {
    const [row] = await tx.query<{ id: string; taken: boolean }>(
      `SELECT a.id, EXISTS (SELECT FROM records.account_link l
         WHERE l.account = a.id AND l.valid && tstzrange($4::timestamptz, NULL)) AS taken
       FROM records.account a WHERE a.network = $1 AND a.method = $2 AND a.identifier_key = $3`,
      [network, method, this.#cells.lookup("identifier", network, identifier), from],
    );
    return row;
  }

  #account({ id, network, method, identifier, custodian, from, to }: AccountRow): Account {
    return {
      id,
      network,
      method,
      identifier: identifier && this.#cells.open(PLACES.identifier(id), identifier),
      custodian,
      from: from.toISOString(),
      to: to && to.toISOString(),
    };
  }
}
