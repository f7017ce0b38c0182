import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from "pg";
import { ComposeError } from "../error.ts";
import { codeOf } from "../home/files.ts";
import { SUPERUSER } from "./cluster.ts";

/** What `pg` needs to connect. */
export interface Connection {
  /** The directory of the server's socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string;
}

// SQLSTATE: invalid_password, invalid_authorization_specification; what a missing role looks like from outside.
const REFUSED: ReadonlySet<string> = new Set(["28P01", "28000"]);
// cannot_connect_now (starting up or shutting down).
const STARTING = "57P03";
const NOT_YET: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EACCES"]);

/**
 * @returns `not-set-up` when the role or its database is not there yet
 * @throws {ComposeError} `postgres-failed` for any other refusal
 */
export async function tryToConnect(connection: Connection): Promise<"ready" | "not-yet" | "not-set-up"> {
  try {
    await withClient(connection, (client) => client.query("SELECT"));
    return "ready";
  } catch (err) {
    const code = codeOf(err) ?? "";
    if (err instanceof DatabaseError && REFUSED.has(code)) return "not-set-up";
    if (code === STARTING || NOT_YET.has(code)) return "not-yet";
    // The server closed the connection before it said anything: it is going down, or not up.
    if (!(err instanceof DatabaseError) && code === "") return "not-yet";
    throw new ComposeError("postgres-failed", `PostgreSQL refuses its own user (${code})`, { cause: err });
  }
}

/** How a cluster is reached that has nothing but what initdb made. */
export function beforeSetUp(connection: Connection): Connection {
  return { ...connection, user: SUPERUSER, database: "template1" };
}

/**
 * Makes the role and its database, and takes the superuser's password away, in one transaction: after a crash all of it
 * is repeated, or none.
 *
 * @throws {ComposeError} `postgres-failed` when the password is not that of this cluster
 */
export async function setUpDatabase(connection: Connection, verifier: string): Promise<void> {
  const role = escapeIdentifier(connection.user);
  const database = escapeIdentifier(connection.database);
  try {
    await withClient(beforeSetUp(connection), async (client) => {
      await client.query(`
        BEGIN;
        CREATE ROLE ${role} LOGIN CREATEROLE PASSWORD ${escapeLiteral(verifier)};
        ALTER DATABASE postgres RENAME TO ${database};
        ALTER DATABASE ${database} OWNER TO ${role};
        REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
        ALTER ROLE ${SUPERUSER} PASSWORD NULL;
        COMMIT`);
    });
  } catch (cause) {
    throw new ComposeError(
      "postgres-failed",
      "the file `password` does not belong to this database: restore it, or move the directory away and run `daybook rebuild`",
      { cause },
    );
  }
}

async function withClient<T>(connection: Connection, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(connection);
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
