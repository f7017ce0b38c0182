import { CatalogueError } from "./error.ts";
import { openPostgresPool, type PostgresConnection } from "./postgres.ts";
import { postgresFault } from "./postgres-fault.ts";

const OLDEST = 18;

/** What a service needs of the database that it is given. */
export interface PostgresNeeds {
  /** Schemas that it makes or changes: that are there and its own, or that it may make. */
  readonly owns?: readonly string[];
  /** Roles under which it works, and which are not its to make. */
  readonly roles?: readonly string[];
}

/**
 * Signs in once and sees whether this server and login will do. For the start, before anything else is opened: what
 * is wrong here does not heal by being repeated.
 *
 * @throws {CatalogueError} `refused`, one line that says what to do; `unavailable` when nobody answers
 */
export async function checkPostgres(
  connection: PostgresConnection,
  needs: PostgresNeeds = {},
  options: { connectTimeoutMs?: number } = {},
): Promise<void> {
  const pool = openPostgresPool(connection, {
    ...options,
    name: "daybook-check",
    max: 1,
    statementTimeoutMs: 10_000,
  });
  const ask = async (text: string, values: unknown[] = []): Promise<unknown> => {
    try {
      return (await pool.query<[unknown]>({ text, values, rowMode: "array" })).rows[0]?.[0];
    } catch (error) {
      const { kind, message } = postgresFault(error);
      throw new CatalogueError(kind === "refused" ? "refused" : "unavailable", message);
    }
  };
  try {
    const version = Number(await ask("SHOW server_version_num"));
    if (version < OLDEST * 10_000) {
      const found = Math.floor(version / 10_000);
      throw new CatalogueError("refused", `PostgreSQL is of version ${found}: ${OLDEST} or later is needed`);
    }
    for (const role of needs.roles ?? []) {
      const may = await ask("SELECT pg_has_role(current_user, oid, 'SET') FROM pg_roles WHERE rolname = $1", [
        role,
      ]);
      if (may === true) continue;
      const what = may === undefined ? "is missing" : "is not open to this user";
      throw new CatalogueError("refused", `PostgreSQL's role ${role} ${what}: see infra/deploy/postgres`);
    }
    for (const schema of needs.owns ?? []) {
      const own = await ask(
        "SELECT pg_has_role(current_user, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1",
        [schema],
      );
      const may = own ?? (await ask("SELECT has_database_privilege(current_database(), 'CREATE')"));
      if (may === true) continue;
      const what =
        own === undefined ? "is missing, and this user may not make it" : "belongs to somebody else";
      throw new CatalogueError("refused", `PostgreSQL's schema ${schema} ${what}: see infra/deploy/postgres`);
    }
  } finally {
    await pool.end();
  }
}
