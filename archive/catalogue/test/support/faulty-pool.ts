import { CatalogueError, type CataloguePool } from "../../src/index.ts";

/** `lost`: the connection goes before the statement gets there. `kept`: after it, before the answer. */
export type Fault = "lost" | "kept";

/**
 * A pool whose connections are killed by the server at a statement that holds `at`, once for each fault.
 *
 * @param kill ends the connection of a backend, as `pg_terminate_backend` does
 */
export function faultyPool(
  pool: CataloguePool,
  at: string,
  faults: Fault[],
  kill: (pid: number) => Promise<void>,
): CataloguePool {
  return {
    ...pool,
    async session(work) {
      const session = await pool.acquire();
      try {
        return await work({
          async query(text, values, name) {
            const fault = text.includes(at) ? faults.shift() : undefined;
            if (fault === undefined) return await session.query(text, values, name);
            const { rows } = await session.query("SELECT pg_backend_pid()");
            if (fault === "kept") await session.query(text, values, name);
            await kill(Number(rows[0]?.[0]));
            if (fault === "lost") return await session.query(text, values, name);
            throw new CatalogueError("unavailable", "injected: the answer is lost");
          },
        });
      } finally {
        await session.release();
      }
    },
  };
}
