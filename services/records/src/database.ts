import {
  openPostgresPool,
  type PostgresConnection,
  type PostgresPoolOptions,
  postgresFault,
} from "@daybook/catalogue";
import type { Pool, PoolClient } from "pg";
import { RecordsError } from "./error.ts";

/** Where PostgreSQL is. */
export type Connection = PostgresConnection;

/** How many connections, and how long one waits. */
export type DatabaseLimits = Partial<
  Pick<PostgresPoolOptions, "max" | "statementTimeoutMs" | "connectTimeoutMs">
>;

export type Row = Readonly<Record<string, unknown>>;

/** Statements of one transaction, or each in its own. */
export interface Tx {
  /** @param name prepares the statement under this name, once a connection */
  query<R extends object = Row>(text: string, values?: readonly unknown[], name?: string): Promise<R[]>;
}

/** One connection that is held, with what it locks. */
export interface Session {
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
}

export interface Database extends Tx, Session {
  /** Runs `work` while holding an advisory lock of PostgreSQL on one connection. */
  locked<R>(lock: number, work: (session: Session) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

/**
 * Connections to PostgreSQL, opened as needed. Errors never quote a statement's values.
 *
 * @param limits.max connections at most (6 unless given)
 */
export function openDatabase(connection: Connection, limits: DatabaseLimits = {}): Database {
  const pool = openPostgresPool(connection, { name: "daybook-records", max: 6, ...limits });

  async function held<R>(work: (client: PoolClient) => Promise<R>): Promise<R> {
    const client = await pool.connect().catch((error: unknown) => {
      throw asRecordsError(error);
    });
    const ignore = () => undefined;
    client.on("error", ignore);
    let failed: unknown;
    try {
      return await work(client);
    } catch (error) {
      failed = error;
      throw error;
    } finally {
      client.off("error", ignore);
      // A connection that may be broken, or hold a lock, is not used again.
      client.release(failed !== undefined);
    }
  }

  return {
    query: (text, values, name) => run(pool, text, values, name),
    transaction: (work) => held((client) => transaction(client, work)),
    locked: (lock, work) =>
      held(async (client) => {
        await run(client, "SELECT pg_advisory_lock($1)", [lock]);
        const result = await work({ transaction: (inner) => transaction(client, inner) });
        await run(client, "SELECT pg_advisory_unlock($1)", [lock]);
        return result;
      }),
    close: () => pool.end(),
  };
}

async function transaction<R>(client: PoolClient, work: (tx: Tx) => Promise<R>): Promise<R> {
  await run(client, "BEGIN");
  let result: R;
  try {
    result = await work({ query: (text, values, name) => run(client, text, values, name) });
  } catch (error) {
    await run(client, "ROLLBACK").catch(() => undefined);
    throw error;
  }
  await run(client, "COMMIT");
  return result;
}

async function run<R extends object>(
  on: Pool | PoolClient,
  text: string,
  values?: readonly unknown[],
  name?: string,
): Promise<R[]> {
  try {
    const { rows } = await on.query<R>({
      text,
      ...(values === undefined ? {} : { values: [...values] }),
      ...(name === undefined ? {} : { name }),
    });
    return rows;
  } catch (error) {
    throw asRecordsError(error);
  }
}

/** PostgreSQL's own words may quote values, so only its code is passed on. */
function asRecordsError(error: unknown): RecordsError {
  const { kind, message, state } = postgresFault(error);
  if (state?.startsWith("23")) return new RecordsError("conflict", `the tables do not allow this (${state})`);
  return new RecordsError(kind === "refused" ? "refused" : "unavailable", message);
}
