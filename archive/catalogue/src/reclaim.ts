import type { CataloguePool } from "./connection.ts";

/** What a disposal leaves old versions in. */
const TABLES = ["record", "word", "participant", "conversation"] as const;

/** Tables up to this size, with their indexes, are written anew: seconds, in which nothing else reads or writes them. */
const MAX_REWRITE_BYTES = 256 * 1024 * 1024;
/** Everybody else waits behind the one who waits for a table, so that must not be long. */
const REWRITE_LOCK_TIMEOUT_MS = 2_000;

/** See `CatalogueWriter.reclaim`. */
export async function reclaim(pool: CataloguePool): Promise<boolean> {
  const { rows } = await pool.query("SELECT number, number > reclaimed FROM catalogue.generation");
  const [generation, outstanding] = rows[0] ?? [];
  if (outstanding !== "t") return true;
  await pool.query(`VACUUM ${TABLES.map((table) => `catalogue.${table}`).join()}`);
  // What VACUUM could not take, since somebody may still see it, it counts.
  const { rows: dead } = await pool.query(
    `SELECT FROM pg_stat_all_tables WHERE schemaname = 'catalogue' AND relname = ANY ($1::text[]) AND n_dead_tup > 0`,
    [`{${TABLES.join()}}`],
  );
  if (dead.length > 0) return false;
  for (const table of TABLES) await rewrite(pool, table);
  await pool.query("UPDATE catalogue.generation SET reclaimed = greatest(reclaimed, $1::bigint)", [
    generation,
  ]);
  return true;
}

/** VACUUM leaves bytes in the room that it frees, until a later row takes it. A table that is written anew has none. */
async function rewrite(pool: CataloguePool, table: string): Promise<void> {
  await pool.session(async (session) => {
    const { rows } = await session.query("SELECT pg_total_relation_size($1::regclass)", [
      `catalogue.${table}`,
    ]);
    if (Number(rows[0]?.[0]) > MAX_REWRITE_BYTES) return;
    // If this fails the connection is not used again, so the setting stays nowhere.
    await session.query(`SET lock_timeout = ${REWRITE_LOCK_TIMEOUT_MS}`);
    await session.query(`VACUUM (FULL) catalogue.${table}`);
    await session.query("RESET lock_timeout");
  });
}
