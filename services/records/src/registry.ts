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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface CustodianRow {
  readonly id: string;
  readonly name: Buffer;
  readonly added_at: Date;
}

const OLDEST_FIRST: Order<CustodianRow> = {
  list: "custodians",
  newestFirst: false,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/** Who is captured. */
export class Registry {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;

  constructor(options: { database: Database; changes: Changes; cells: Cells }) {
    this.#database = options.database;
    this.#changes = options.changes;
    this.#cells = options.cells;
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
    const { entries, next } = await readPage(this.#database, select, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#custodian(row)), next };
  }

  async custodian(id: string): Promise<Custodian | undefined> {
    return UUID.test(id) ? this.#named(this.#database, id) : undefined;
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

  #custodian({ id, name }: { id: string; name: Buffer }): Custodian {
    return { id, name: this.#cells.open(PLACES.custodian(id), name) };
  }
}

function newCustodian(name: string): Decision<Custodian> {
  const made = { id: randomUUID(), name: name.trim() };
  if (foldName(name) === "") throw new RecordsError("bad-request", "a custodian has a name");
  return { fact: { action: "custodian.add", detail: made }, result: made };
}
