import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import pg from "pg";
import { CatalogueError } from "./error.ts";

/** Where PostgreSQL is, and how one gets in. */
export interface PostgresConnection {
  /** A name, an address, or the directory of a unix socket. */
  readonly host: string;
  readonly port?: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** May be left out only where nobody else is on the way: on a unix socket, or to this machine itself. */
  readonly tls?: PostgresTls;
}

/** Checked in full (libpq's `verify-full`), always: TLS 1.2 or later. */
export interface PostgresTls {
  /** Who may vouch for the server: certificates, PEM. Those that Node trusts unless given. */
  readonly ca?: string;
  /** What the server's certificate has to name: `host` unless given. */
  readonly serverName?: string;
  /** For a server that wants to see a certificate too: PEM. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

export interface PostgresPoolOptions {
  /** As the administrators of PostgreSQL see it. */
  readonly name: string;
  /** Connections at most. */
  readonly max: number;
  /** After which making a connection is given up, TLS and sign-in included (10 s unless given). */
  readonly connectTimeoutMs?: number;
  /**
   * After which PostgreSQL gives a statement up; a little later we do, should it say nothing. No limit unless given.
   */
  readonly statementTimeoutMs?: number;
  /** Settings of every session, by name. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Between PostgreSQL's giving up and ours. */
const GRACE_MS = 5_000;
/** A peer that vanished is noticed about so long after, while nothing of ours is on the way to it. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Opens nothing yet: the first statement connects. A connection that dies is replaced at the next statement, which
 * reports what matters. Nothing is taken from `PG...` variables of the environment.
 *
 * @throws {CatalogueError} `refused`: without TLS to another machine, which would hand over what is sent
 */
export function openPostgresPool(connection: PostgresConnection, options: PostgresPoolOptions): pg.Pool {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, statementTimeoutMs = 0 } = options;
  const ssl = tlsOf(connection);
  const settings = {
    TimeZone: "UTC",
    jit: "off",
    statement_timeout: statementTimeoutMs,
    ...options.settings,
  };
  const password = connection.password === undefined ? {} : { password: connection.password };
  const pool = new pg.Pool({
    host: connection.host,
    port: connection.port ?? 5432,
    user: connection.user,
    ...password,
    database: connection.database,
    ssl,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    ...(statementTimeoutMs > 0 ? { query_timeout: statementTimeoutMs + GRACE_MS } : {}),
    max: options.max,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
    application_name: options.name,
    // Of the pool itself this would also limit how long one waits for a connection that another one has.
    Client: class extends pg.Client {
      constructor(config?: pg.ClientConfig) {
        // The pool hides the password from what copies its options.
        super({ ...config, ...password, connectionTimeoutMillis: connectTimeoutMs });
      }
    },
  });
  pool.on("error", () => undefined);
  return pool;
}

function tlsOf({ host, tls }: PostgresConnection): false | Exclude<pg.ClientConfig["ssl"], undefined> {
  if (tls === undefined) {
    const isHere = host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host);
    if (isHere) return false;
    throw new CatalogueError("refused", "PostgreSQL on another machine is reached by TLS only: name its CA");
  }
  const name = tls.serverName ?? host;
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.client === undefined ? {} : { cert: tls.client.certificate, key: tls.client.key }),
  };
}
