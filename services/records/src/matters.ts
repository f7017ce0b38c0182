import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { PLACES } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Changes } from "./changes.ts";
import type { Database, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import type { matterKind } from "./facts.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";

export type MatterKind = z.infer<typeof matterKind>;

/** A request or case, under which things are read. */
export interface Matter {
  readonly id: string;
  readonly title: string;
  readonly kind: MatterKind;
  readonly openedAt: string;
  readonly due: string | null;
  readonly closedAt: string | null;
}

interface MatterRow {
  readonly id: string;
  readonly title: Buffer;
  readonly kind: MatterKind;
  readonly opened_at: Date;
  readonly due: Date | null;
  readonly closed_at: Date | null;
}

const COLUMNS = "id, title, kind, opened_at, due, closed_at";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const NEWEST_FIRST: Order<MatterRow> = {
  list: "matters",
  newestFirst: true,
  columns: [
    { sql: "opened_at", type: "timestamptz", of: (row) => row.opened_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

export class Matters {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;

  constructor(options: { database: Database; changes: Changes; cells: Cells }) {
    this.#database = options.database;
    this.#changes = options.changes;
    this.#cells = options.cells;
  }

  async open(of: { title: string; kind: MatterKind; due: string | null }, actor: string): Promise<Matter> {
    const id = randomUUID();
    await this.#changes.make(actor, () =>
      Promise.resolve({
        fact: { action: "matter.open", matter: id, detail: { ...of, id } },
        result: undefined,
      }),
    );
    return this.get(id);
  }

  /** Newest first. */
  async list(request: PageRequest): Promise<Page<Matter>> {
    const select = `SELECT ${COLUMNS} FROM records.matter`;
    const { entries, next } = await readPage(this.#database, select, NEWEST_FIRST, request);
    return { entries: entries.map((row) => this.#matter(row)), next };
  }

  /** @throws {RecordsError} `no-such-matter` */
  get(id: string): Promise<Matter> {
    return this.#get(this.#database, id);
  }

  /** The matter, if things may be read under it. @throws {RecordsError} `no-such-matter`, `matter-closed` */
  async required(id: string, tx: Tx = this.#database): Promise<Matter> {
    const matter = await this.#get(tx, id);
    if (matter.closedAt !== null)
      throw new RecordsError("matter-closed", "that matter is closed: open another");
    return matter;
  }

  async close(id: string, actor: string): Promise<Matter> {
    await this.#changes.make(actor, async (tx) => {
      await this.required(id, tx);
      return { fact: { action: "matter.close", matter: id, detail: { id } }, result: undefined };
    });
    return this.get(id);
  }

  async #get(tx: Tx, id: string): Promise<Matter> {
    const [row] = UUID.test(id)
      ? await tx.query<MatterRow>(
          `SELECT ${COLUMNS} FROM records.matter WHERE id = $1`,
          [id],
          "records-matter",
        )
      : [];
    if (!row)
      throw new RecordsError("no-such-matter", "there is no such matter: `daybook matter list` shows them");
    return this.#matter(row);
  }

  #matter(row: MatterRow): Matter {
    return {
      id: row.id,
      title: this.#cells.open(PLACES.matter(row.id), row.title),
      kind: row.kind,
      openedAt: row.opened_at.toISOString(),
      due: row.due && row.due.toISOString(),
      closedAt: row.closed_at && row.closed_at.toISOString(),
    };
  }
}
