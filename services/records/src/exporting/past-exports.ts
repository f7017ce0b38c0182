import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import type { Matters } from "../matters/matters.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";

/** An export that was asked for, as the audit log tells: whether its package is anywhere yet, only evidence knows. */
export interface PastExport {
  readonly id: string;
  readonly at: string;
  readonly by: string | null;
  readonly name: string | null;
  readonly of: "everything" | "filters" | "selection";
}

interface ExportRow {
  readonly id: string;
  readonly filters: Buffer;
  readonly at: Date;
  readonly asked_by: string | null;
  readonly name: Buffer | null;
  readonly selected: boolean;
}

const NEWEST_FIRST: Order<ExportRow> = {
  list: "exports",
  newestFirst: true,
  columns: [
    { sql: "at", type: "timestamptz", of: (row) => row.at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/** Exports that were asked for under each matter. */
export class PastExports {
  readonly #database: Database;
  readonly #cells: Cells;
  readonly #matters: Pick<Matters, "get">;

  constructor(of: { database: Database; cells: Cells; matters: Pick<Matters, "get"> }) {
    this.#database = of.database;
    this.#cells = of.cells;
    this.#matters = of.matters;
  }

  /** Newest first. @throws {RecordsError} `no-such-matter` */
  async list(matter: string, request: PageRequest): Promise<Page<PastExport>> {
    const { id } = await this.#matters.get(matter);
    // A matter's id is what `get` found by it: letters, digits and dashes.
    const select = `SELECT id, filters, at, asked_by, name, selected
      FROM (SELECT * FROM records.export WHERE matter = '${id}') of_matter`;
    const { entries, next } = await readPage(this.#database, select, NEWEST_FIRST, request);
    return { entries: entries.map((row) => this.#export(row)), next };
  }

  #export(row: ExportRow): PastExport {
    const filters = this.#cells.open(PLACES.exportFilters(row.id), row.filters);
    return {
      id: row.id,
      at: row.at.toISOString(),
      by: row.asked_by,
      name: row.name && this.#cells.open(PLACES.exportName(row.id), row.name),
      of: row.selected ? "selection" : filters === "{}" ? "everything" : "filters",
    };
  }
}
