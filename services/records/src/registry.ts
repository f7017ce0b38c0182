import type { Method, Network } from "@daybook/contract";
import { randomUUID } from "node:crypto";
import { PLACES } from "./apply.ts";
import { type Cells, foldName } from "./cells.ts";
import type { Changes, Decision } from "./changes.ts";
import type { Database, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";

export interface Custodian {
  readonly id: string;
  readonly name: string;
}

export interface Account {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  /** The account's number or address, where it is known. */
  readonly identifier: string | null;
  readonly custodian: string;
  readonly from: string;
  /** Null until further notice. */
  readonly to: string | null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface CustodianRow {
  readonly id: string;
  readonly name: Buffer;
  readonly added_at: Date;
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

const CUSTODIANS: Order<CustodianRow> = {
  list: "custodians",
  newestFirst: false,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};
const ACCOUNTS: Order<AccountRow> = {
  list: "accounts",
  newestFirst: false,
  columns: [
    { sql: "a.added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "a.id", type: "uuid", of: (row) => row.id },
    { sql: "lower(l.valid)", type: "timestamptz", of: (row) => row.from },
  ],
};

const ACCOUNT = `SELECT a.id, a.network, a.method, a.identifier, a.added_at, l.custodian, lower(l.valid) AS from,
  upper(l.valid) AS to FROM records.account a JOIN records.account_link l ON l.account = a.id`;

/** Who is captured, and by which accounts, over time. */
export class Registry {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #now: () => Date;

  constructor(options: { database: Database; changes: Changes; cells: Cells; now: () => Date }) {
    this.#database = options.database;
    this.#changes = options.changes;
    this.#cells = options.cells;
    this.#now = options.now;
  }

  /**
   * The custodian of that name, or with that id.
   *
   * @throws {RecordsError} `no-such-custodian`, `ambiguous-custodian`
   */
  async find(nameOrId: string): Promise<Custodian> {
    const found = await this.#named(this.#database, nameOrId);
    if (found) return found;
    throw new RecordsError("no-such-custodian", "no custodian has that name: see how it is spelt");
  }

  /** As `find`, making one where there is none. */
  async resolve(nameOrId: string, actor: string): Promise<Custodian> {
    const found = await this.#named(this.#database, nameOrId);
    if (found) return found;
    if (UUID.test(nameOrId)) throw new RecordsError("no-such-custodian", "no custodian has that id");
    return this.#changes.make(actor, async (tx) => {
      const meanwhile = await this.#named(tx, nameOrId);
      return meanwhile ? { result: meanwhile } : newCustodian(nameOrId);
    });
  }

  /**
   * @param another make one though the name is taken: two people may have the same
   * @throws {RecordsError} `conflict` when the name is taken
   */
  add(name: string, another: boolean, actor: string): Promise<Custodian> {
    return this.#changes.make(actor, async (tx) => {
      const taken = await this.#byName(tx, name);
      if (taken.length > 0 && !another) {
        throw new RecordsError("conflict", "a custodian of that name exists: say that it is another person");
      }
      return newCustodian(name);
    });
  }

  /** In the order they were added. */
  async custodians(request: PageRequest): Promise<Page<Custodian>> {
    const select = "SELECT id, name, added_at FROM records.custodian";
    const { entries, next } = await readPage(this.#database, select, CUSTODIANS, request);
    return { entries: entries.map((row) => this.#custodian(row)), next };
  }

  async custodian(id: string): Promise<Custodian | undefined> {
    return UUID.test(id) ? this.#named(this.#database, id) : undefined;
  }

  /**
   * The account through which a custodian is captured now, made and linked where there is none.
   *
   * @throws {RecordsError} `conflict` when another custodian has that identifier now
   */
  async account(
    of: { custodian: string; network: Network; method: Method; identifier: string | null },
    actor: string,
  ): Promise<{ id: string }> {
    const found = await this.#linked(this.#database, of);
    if (found) return found;
    return this.#changes.make(actor, async (tx): Promise<Decision<{ id: string }>> => {
      const meanwhile = await this.#linked(tx, of);
      if (meanwhile) return { result: meanwhile };
      const [custodian] = await tx.query("SELECT id FROM records.custodian WHERE id = $1", [of.custodian]);
      if (!custodian) throw new RecordsError("no-such-custodian", "no custodian has that id");
      if (of.identifier !== null) {
        const [taken] = await tx.query(
          "SELECT id FROM records.account WHERE network = $1 AND method = $2 AND identifier_key = $3",
          [of.network, of.method, this.#cells.lookup("identifier", of.network, of.identifier)],
        );
        if (taken) throw new RecordsError("conflict", "that account belongs to another custodian");
      }
      const id = randomUUID();
      return {
        fact: { action: "account.add", detail: { ...of, id, from: this.#now().toISOString() } },
        result: { id },
      };
    });
  }

  /** Accounts in the order they were added, each as often as it was linked. */
  async accounts(request: PageRequest): Promise<Page<Account>> {
    const { entries, next } = await readPage(this.#database, ACCOUNT, ACCOUNTS, request);
    return { entries: entries.map((row) => this.#account(row)), next };
  }

  async #named(tx: Tx, nameOrId: string): Promise<Custodian | undefined> {
    if (UUID.test(nameOrId)) {
      const [row] = await tx.query<{ id: string; name: Buffer }>(
        "SELECT id, name FROM records.custodian WHERE id = $1",
        [nameOrId],
        "records-custodian-by-id",
      );
      if (row) return this.#custodian(row);
    }
    const rows = await this.#byName(tx, nameOrId);
    if (rows.length > 1) {
      throw new RecordsError(
        "ambiguous-custodian",
        "more than one custodian has that name: give the id instead",
      );
    }
    return rows[0] && this.#custodian(rows[0]);
  }

  #byName(tx: Tx, name: string): Promise<{ id: string; name: Buffer }[]> {
    return tx.query<{ id: string; name: Buffer }>(
      "SELECT id, name FROM records.custodian WHERE name_key = $1 LIMIT 2",
      [this.#cells.lookup("custodian", foldName(name))],
      "records-custodian-by-name",
    );
  }

  async #linked(
    tx: Tx,
    of: { custodian: string; network: Network; method: Method; identifier: string | null },
  ): Promise<{ id: string } | undefined> {
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

  #custodian({ id, name }: { id: string; name: Buffer }): Custodian {
    return { id, name: this.#cells.open(PLACES.custodian(id), name) };
  }
}

function newCustodian(name: string): Decision<Custodian> {
  const made = { id: randomUUID(), name: name.trim() };
  if (foldName(name) === "") throw new RecordsError("bad-request", "a custodian has a name");
  return { fact: { action: "custodian.add", detail: made }, result: made };
}
