import type { CataloguePool } from "./connection.ts";

/** A session key of cells, as it is kept. */
export interface CellKey {
  /** Of the cells that are under it. */
  readonly id: string;
  /** Wrapped to the archive key. */
  readonly wrapped: Uint8Array;
}

const PAGE = 500;

/** Some of the keys, by id. @param of.after the last of those before; @param of.only just this one */
export async function cellKeys(
  pool: CataloguePool,
  { after, only }: { readonly after?: string; readonly only?: string },
): Promise<CellKey[]> {
  const { rows } = await pool.query(
    `SELECT id, encode(wrapped, 'base64') FROM catalogue.cell_key
     WHERE ($1::bigint IS NULL OR id > $1::bigint) AND ($2::bigint IS NULL OR id = $2::bigint)
     ORDER BY id LIMIT ${PAGE}`,
    [after ?? null, only ?? null],
  );
  return rows.map(([id, wrapped]) => ({ id: String(id), wrapped: Buffer.from(wrapped ?? "", "base64") }));
}

/** Replaces a wrapping that still is as it was. @returns whether it was */
export async function rewrapCellKey(
  pool: CataloguePool,
  id: string,
  before: Uint8Array,
  after: Uint8Array,
): Promise<boolean> {
  const { affected } = await pool.query(
    "UPDATE catalogue.cell_key SET wrapped = $3 WHERE id = $1::bigint AND wrapped = $2",
    [id, Buffer.from(before), Buffer.from(after)],
  );
  return affected === 1;
}
