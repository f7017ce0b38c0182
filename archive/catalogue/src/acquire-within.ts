import type { CataloguePool, HeldSession } from "./connection.ts";

/** Opens a session that sees a certain scope. */
export type Acquire = () => Promise<HeldSession>;

/** The setting is this session's alone, and gone before another search may get the connection. */
export async function acquireWithin(
  pool: CataloguePool,
  custodians: readonly bigint[],
): Promise<HeldSession> {
  const session = await pool.acquire();
  const release = async () => {
    // If this fails the connection is broken, and is not used again.
    await session.query("RESET catalogue.scope").catch(() => undefined);
    await session.release();
  };
  try {
    await session.query("SELECT set_config('catalogue.scope', $1, false)", [`{${custodians.join(",")}}`]);
  } catch (error) {
    await release();
    throw error;
  }
  return { query: session.query.bind(session), release };
}
