import type { Database, Tx } from "../database.ts";

const PAGE_IDS = 10_000;

/** Which of these records are selected under a matter. */
export async function among(tx: Tx, matter: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ record: string }>(
    "SELECT record FROM records.selection WHERE matter = $1 AND record = ANY ($2::text[]::uuid[])",
    [matter, ids],
    "records-selection-among",
  );
  return new Set(rows.map(({ record }) => hex(record)));
}

/** How many records are selected under a matter. */
export async function selectedCount(tx: Tx, matter: string): Promise<number> {
  const [row] = await tx.query<{ count: string }>(
    "SELECT count(*) FROM records.selection WHERE matter = $1",
    [matter],
  );
  return Number(row?.count ?? 0);
}

/** Tells every id that is selected under a matter, in their order, as they are at one moment. @returns how many */
export async function eachSelected(
  database: Database,
  matter: string,
  one: (id: string) => Promise<void>,
): Promise<number> {
  let count = 0;
  await database.transaction(async (tx) => {
    await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    for (let after: string | null = null; ;) {
      const rows: { record: string }[] = await tx.query(
        `SELECT record FROM records.selection WHERE matter = $1 AND ($2::uuid IS NULL OR record > $2::uuid)
         ORDER BY record LIMIT ${PAGE_IDS}`,
        [matter, after],
      );
      for (const { record } of rows) await one(hex(record));
      count += rows.length;
      after = rows.at(-1)?.record ?? null;
      if (rows.length < PAGE_IDS) return;
    }
  });
  return count;
}

/** A record's id, as PostgreSQL writes it, as records have it. */
export function hex(uuid: string): string {
  return uuid.replaceAll("-", "");
}
