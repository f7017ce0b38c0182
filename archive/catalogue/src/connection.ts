import pg from "pg";
import { CatalogueError } from "./error.ts";
import { openPostgresPool, type PostgresConnection, type PostgresPoolOptions } from "./postgres.ts";
import { postgresFault } from "./postgres-fault.ts";

/**
 * `owner` migrates; `writer` (the archiver) writes rows; `reader` (records, evidence) sees what row-level
 * security lets it see. The login must be a member of `catalogue_writer` or `catalogue_reader`.
 */
export type CatalogueRole = "owner" | "writer" | "reader";

/** A row as PostgreSQL sends it, without column names: text, or null. */
export type Cells = readonly (string | null)[];

/** One connection, for statements that belong together. */
export interface CatalogueSession {
  /** @param name prepares the statement under this name, once a connection */
  query(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<{ rows: Cells[]; affected: number }>;
}

/** A connection that is held until it is released. One that failed is not used again. */
export interface HeldSession extends CatalogueSession {
  release(): Promise<void>;
}

/** Connections to the catalogue, opened as needed, under one role. */
export interface CataloguePool extends CatalogueSession {
  acquire(): Promise<HeldSession>;
  /** Runs `work` on a connection of its own. */
  session<Result>(work: (session: CatalogueSession) => Promise<Result>): Promise<Result>;
  /** Waits for connections that are held. */
  close(): Promise<void>;
}

/** After which a writer gives up: whoever holds what it needs may be waiting for it, unseen by PostgreSQL. */
const LOCK_TIMEOUT_MS = 60_000;

/**
 * Opens nothing yet: the first statement connects.
 *
 * @param options.max connections at most (4 unless given)
 * @param options.statementTimeoutMs after which PostgreSQL gives a statement up (default: never for a
 *   writer and an owner, 30 s for a reader). An archiver's may be short; disposals and `reclaim` take minutes
 */
export function openCatalogue(
  connection: PostgresConnection,
  role: CatalogueRole,
  options: Partial<Pick<PostgresPoolOptions, "max" | "statementTimeoutMs" | "connectTimeoutMs">> = {},
): CataloguePool {
  const pool = openPostgresPool(connection, {
    name: `daybook-catalogue-${role}`,
    max: 4,
    ...(role === "reader" ? { statementTimeoutMs: 30_000 } : {}),
    ...options,
    settings: {
      ...(role === "writer" ? { lock_timeout: LOCK_TIMEOUT_MS } : {}),
      ...(role === "owner" ? {} : { role: `catalogue_${role}` }),
    },
  });

  const acquire = async (): Promise<HeldSession> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw asCatalogueError(error);
    });
    // A connection that dies while nothing runs on it is found out by the next statement.
    const ignore = () => undefined;
    client.on("error", ignore);
    let broken = false;
    return {
      async query(text, values, name) {
        try {
          return answer(await client.query(statement(text, values, name)));
        } catch (error) {
          const known = asCatalogueError(error);
          broken ||= known.retryable;
          throw known;
        }
      },
      release() {
        client.off("error", ignore);
        client.release(broken);
        return Promise.resolve();
      },
    };
  };

  return {
    acquire,
    async query(text, values, name) {
      try {
        return answer(await pool.query(statement(text, values, name)));
      } catch (error) {
        throw asCatalogueError(error);
      }
    },
    async session(work) {
      const session = await acquire();
      try {
        return await work(session);
      } finally {
        await session.release();
      }
    },
    close: () => pool.end(),
  };
}

function statement(text: string, values: readonly unknown[] | undefined, name: string | undefined) {
  return {
    text,
    rowMode: "array" as const,
    ...(values === undefined ? {} : { values: [...values] }),
    ...(name === undefined ? {} : { name }),
    types: { getTypeParser: () => String },
  };
}

function answer(result: pg.QueryArrayResult | pg.QueryArrayResult[]): { rows: Cells[]; affected: number } {
  // Several statements in one text give several results: the last one answers.
  const last = Array.isArray(result) ? result.at(-1) : result;
  return { rows: (last?.rows ?? []) as Cells[], affected: last?.rowCount ?? 0 };
}

/** PostgreSQL's own words may quote values, so only its code is passed on. */
function asCatalogueError(error: unknown): CatalogueError {
  if (error instanceof CatalogueError) return error;
  const { kind, message, state } = postgresFault(error);
  switch (state) {
    case "23505":
    case "23514":
      return new CatalogueError("diverged", "the catalogue holds something else at this position");
    case "3F000":
    case "42P01":
    case "42704":
    case "42703":
    case "42883":
    case "22023":
      return new CatalogueError(
        "not-migrated",
        `the catalogue's schema is not of this version (${state}): run \`daybook run migrate\` as its owner, once`,
      );
    default:
      return new CatalogueError(kind === "refused" ? "refused" : "unavailable", message);
  }
}
