import { PLACES } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Database, Tx } from "./database.ts";

/** Somebody as screens show them. The name is null where there is none for the id: what Daybook did itself. */
export interface Named {
  readonly id: string;
  readonly name: string | null;
}

/** Names of the persons whom facts name by id. */
export class PersonNames {
  readonly #database: Database;
  readonly #cells: Cells;

  constructor(of: { database: Database; cells: Cells }) {
    this.#database = of.database;
    this.#cells = of.cells;
  }

  /** By id; those that have no name are left out. */
  async of(ids: Iterable<string | null>, tx: Tx = this.#database): Promise<Map<string, string>> {
    const wanted = [...new Set(ids)].filter((id) => id !== null);
    if (wanted.length === 0) return new Map();
    const rows = await tx.query<{ id: string; name: Buffer }>(
      "SELECT id, name FROM records.person WHERE id = ANY ($1)",
      [wanted],
    );
    return new Map(rows.map(({ id, name }) => [id, this.#cells.open(PLACES.person(id), name)]));
  }
}

/** @param names as `PersonNames.of` gives them */
export function named(id: string, names: ReadonlyMap<string, string>): Named {
  return { id, name: names.get(id) ?? null };
}
