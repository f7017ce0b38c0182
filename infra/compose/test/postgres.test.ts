import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { type Postgres, startPostgres } from "../src/index.ts";
import { program, scratch, until } from "./scratch.ts";

const directory = scratch();
const log = { info: () => undefined, warn: () => undefined };
const started: Postgres[] = [];

async function start(
  dataDir: string,
  options: Partial<Parameters<typeof startPostgres>[0]> = {},
): Promise<Postgres> {
  const server = await startPostgres({ dataDir, log, ...options });
  started.push(server);
  return server;
}

afterEach(() => Promise.all(started.splice(0).map((server) => server.stop())));

async function query<T extends pg.QueryResultRow>(
  server: Postgres,
  text: string,
  values: unknown[] = [],
): Promise<T[]> {
  const client = new pg.Client(server.connection);
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const serverPid = (dataDir: string) =>
  Number(readFileSync(join(dataDir, "cluster/postmaster.pid"), "utf8").split("\n")[0]);

/** Every process of the server on these files. */
function processesOf(dataDir: string): number[] {
  const cluster = join(dataDir, "cluster");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) => linkOf(`/proc/${pid}/exe`).endsWith("/postgres") && linkOf(`/proc/${pid}/cwd`) === cluster,
    );
}

/** The inodes of a process's sockets. */
function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    const match = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`));
    return match?.[1] ? [match[1]] : [];
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describe("startPostgres", () => {
  const dataDir = join(directory, "kept");

  it("makes a database on its first start, and finds it again on the next", async () => {
    const first = await start(dataDir);
    expect(first.firstStart).toBe(true);
    await query(first, "CREATE TABLE kept AS SELECT 7 AS value");
    await first.stop();
    const second = await start(dataDir);

    expect(second.firstStart).toBe(false);
    expect(await query(second, "SELECT value FROM kept")).toEqual([{ value: 7 }]);
    expect(second.connection.password).toBe(first.connection.password);
  });

  it("gives its caller a role that owns the database, and can neither read files nor run programs", async () => {
    const server = await start(dataDir);

    expect(
      await query(
        server,
        "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user",
      ),
    ).toEqual([{ rolsuper: false, rolcreaterole: true, rolbypassrls: false }]);
    for (const text of [
      "SELECT pg_read_file('PG_VERSION')",
      "COPY kept TO PROGRAM 'true'",
      "COPY kept TO '/tmp/x'",
    ]) {
      await expect(query(server, text)).rejects.toMatchObject({ code: "42501" });
    }
  });

  it("lets nobody in without the password, and nobody at all as the superuser", async () => {
    const server = await start(dataDir);
    const attempt = (change: Partial<Postgres["connection"]>) =>
      query({ ...server, connection: { ...server.connection, ...change } }, "SELECT 1");

    await expect(attempt({ password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
    await expect(attempt({ user: "postgres" })).rejects.toMatchObject({ code: "28P01" });
    await expect(attempt({ user: "postgres", database: "template1" })).rejects.toMatchObject({
      code: "28P01",
    });
  });

  it("listens on nothing but its socket, which only its own account may use", async () => {
    const server = await start(dataDir);
    const { host, port } = server.connection;
    const addresses = await query<{ listen_addresses: string }>(server, "SHOW listen_addresses");
    expect(addresses).toEqual([{ listen_addresses: "" }]);
    expect(statSync(host).mode & 0o777).toBe(0o700);
    expect(statSync(join(host, `.s.PGSQL.${port}`)).mode & 0o777).toBe(0o700);
    expect(Buffer.byteLength(join(host, `.s.PGSQL.${port}`))).toBeLessThan(104);

    const sockets = processesOf(dataDir).flatMap((pid) => socketsOf(pid));
    const tcp = ["tcp", "tcp6", "udp", "udp6"].flatMap((kind) =>
      readFileSync(`/proc/net/${kind}`, "utf8")
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[9]),
    );
    expect(sockets.length).toBeGreaterThan(0);
    expect(sockets.filter((inode) => tcp.includes(inode))).toEqual([]);
  });

  it("keeps settings that an edited file would change", async () => {
    const file = join(dataDir, "cluster/postgresql.auto.conf");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, `${before}listen_addresses = '*'\nfsync = off\nlog_statement = 'all'\n`);
    const server = await start(dataDir);

    for (const [name, value] of [
      ["listen_addresses", ""],
      ["fsync", "on"],
      ["log_statement", "none"],
    ] as const) {
      expect(await query(server, `SHOW ${name}`)).toEqual([{ [name]: value }]);
    }
    writeFileSync(file, before);
  });

  it("is set up for UTF-8 text in an order that is the same on every machine, with checksums", async () => {
    const server = await start(dataDir);

    expect(
      await query(
        server,
        "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()",
      ),
    ).toEqual([{ datlocprovider: "b", datlocale: "C.UTF-8", encoding: "UTF8" }]);
    expect(await query(server, "SHOW data_checksums")).toEqual([{ data_checksums: "on" }]);
    expect(await query(server, "SELECT lower('ÀÉÎ') AS folded")).toEqual([{ folded: "àéî" }]);
  });

  it("writes no statement, value or parameter to its log", async () => {
    const server = await start(dataDir);
    const canary = "marmalade-2718";
    const failing: [string, unknown[]?][] = [
      [`SELECT '${canary}'::int`],
      ["SELECT $1::text::int", [canary]],
      [`SELECT ${canary.replace("-", "_")} FROM nowhere`],
      ["CREATE TABLE once (word text PRIMARY KEY)"],
      ["INSERT INTO once VALUES ($1), ($1)", [canary]],
      [`DO $$ BEGIN RAISE EXCEPTION '${canary}'; END $$`],
      [`DO $$ BEGIN RAISE WARNING '${canary}'; END $$`],
      [`DO $$ BEGIN RAISE LOG '${canary}'; END $$`],
      [`SELECT pg_terminate_backend(pg_backend_pid()), '${canary}'`],
    ];
    for (const [text, values] of failing) await query(server, text, values).catch(() => undefined);
    await server.stop();
    const written = readFileSync(join(dataDir, "postgres.log"), "utf8");

    expect(written).toContain("ready to accept connections");
    // A function may write what it likes by RAISE LOG: ours have none.
    expect(written.split("\n").filter((line) => line.includes("marmalade"))).toHaveLength(1);
  });

  it.each([
    { listen_addresses: "*" },
    { log_statement: "all" },
    { fsync: "off" },
    { shared_buffers: "1MB -c fsync=off" },
    { "work_mem=1MB -c fsync": "off" },
    { hba_file: "x" },
  ])("refuses %j as tuning", async (settings) => {
    const untouched = join(directory, "untouched");

    await expect(start(untouched, { settings: settings })).rejects.toMatchObject({
      code: "bad-setting",
    });
    expect(existsSync(untouched)).toBe(false);
  });

  it("takes tuning", async () => {
    const server = await start(dataDir, { settings: { work_mem: "5MB" } });

    expect(await query(server, "SHOW work_mem")).toEqual([{ work_mem: "5MB" }]);
  });

  it("leaves neither process nor socket when it is stopped, twice or by its signal", async () => {
    const stopping = new AbortController();
    const server = await start(dataDir, { signal: stopping.signal });
    expect(processesOf(dataDir).length).toBeGreaterThan(1);
    stopping.abort();
    await server.ended;
    await Promise.all([server.stop(), server.stop()]);

    expect(processesOf(dataDir)).toEqual([]);
    expect(existsSync(server.connection.host)).toBe(false);
    expect(existsSync(join(dataDir, "cluster/postmaster.pid"))).toBe(false);
    expect(existsSync(join(dataDir, "socket"))).toBe(false);
  });

  it("does not start when told to stop before", async () => {
    await expect(start(dataDir, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(processesOf(dataDir)).toEqual([]);
  });

  it("says when the server ended by itself", async () => {
    const server = await start(dataDir);
    process.kill(serverPid(dataDir), "SIGKILL");

    await expect(server.ended).rejects.toMatchObject({ code: "postgres-ended" });
    await until(() => processesOf(dataDir).length === 0);
  });

  it("recovers what was committed before a crash", async () => {
    const server = await start(dataDir);
    await query(server, "INSERT INTO kept VALUES (8)");
    process.kill(serverPid(dataDir), "SIGKILL");
    await server.ended.catch(() => undefined);
    const again = await start(dataDir);

    expect(await query(again, "SELECT count(*)::int FROM kept WHERE value = 8")).toEqual([{ count: 1 }]);
  });

  it("makes its files anew when the first start was cut short", async () => {
    const path = join(directory, "cut");
    mkdirSync(join(path, "cluster.new/base"), { recursive: true });
    writeFileSync(join(path, "cluster.new/base/1"), "half");
    const server = await start(path);

    expect(server.firstStart).toBe(true);
    expect(readdirSync(path).sort()).toEqual(["cluster", "password", "postgres.log", "socket"]);
  });

  it.each([
    { name: "files of another PostgreSQL", version: "15\n" },
    { name: "files that are none", version: undefined },
  ])("refuses $name, and leaves them", async ({ version }) => {
    const path = join(directory, `odd-${version ? "old" : "none"}`);
    mkdirSync(join(path, "cluster"), { recursive: true });
    if (version) writeFileSync(join(path, "cluster/PG_VERSION"), version);

    await expect(start(path)).rejects.toMatchObject({ code: "postgres-failed" });
    expect(readdirSync(join(path, "cluster"))).toEqual(version ? ["PG_VERSION"] : []);
  });

  it("refuses a password that is not this database's", async () => {
    const file = join(dataDir, "password");
    const password = readFileSync(file, "utf8");
    writeFileSync(file, `${"0".repeat(64)}\n`);

    await expect(start(dataDir)).rejects.toMatchObject({ code: "postgres-failed" });
    expect(processesOf(dataDir)).toEqual([]);
    writeFileSync(file, password);
  });
});

describe("a server whose process was killed", () => {
  const dataDir = join(directory, "killed");

  it("ends with that process, and works again at the next start", async () => {
    for (const rows of [1, 2, 3]) {
      const holder = program("hold-postgres.ts", [dataDir]);
      const said = JSON.parse(await holder.line()) as { rows: number };
      expect(said.rows).toBe(rows);
      const sockets = readFileSync(join(dataDir, "socket"), "utf8");
      await holder.kill("SIGKILL");
      // With setpriv, without waiting for the next start.
      if (rows < 3) await until(() => processesOf(dataDir).length === 0);
      else await (await start(dataDir)).stop();
      expect(processesOf(dataDir)).toEqual([]);
      if (rows === 3) expect(existsSync(sockets)).toBe(false);
    }
  });

  it("is ended by the next start where it could not end by itself", async () => {
    const server = await start(dataDir);
    const { host } = server.connection;
    const pid = serverPid(dataDir);
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    const binary = args[0] ?? "";
    const owner = statSync(join(dataDir, "cluster"));
    await server.stop();
    mkdirSync(host, { mode: 0o700 });
    chownSync(host, owner.uid, owner.gid);
    // As this package passes it, but not told to end with anybody.
    const cluster = openSync(join(dataDir, "cluster"), "r");
    const orphan = spawn(binary, ["-D", "/proc/self/fd/3", ...args.slice(3)], {
      stdio: ["ignore", "ignore", "ignore", cluster],
      cwd: "/",
      detached: true,
      ...(process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}),
    });
    closeSync(cluster);
    await until(() => existsSync(join(dataDir, "cluster/postmaster.pid")) && processesOf(dataDir).length > 1);
    expect(orphan.exitCode).toBeNull();
    const ended = once(orphan, "exit");
    const again = await start(dataDir);

    await ended;
    expect(await query(again, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("is not mistaken for a process that has its number now", async () => {
    const other = spawn("sleep", ["600"]);
    try {
      const file = join(dataDir, "cluster/postmaster.pid");
      writeFileSync(
        file,
        `${other.pid ?? 0}\n${join(dataDir, "cluster")}\n1\n5432\n/nowhere\n\n  1 1\nready\n`,
      );
      const { uid, gid } = statSync(join(dataDir, "cluster"));
      chownSync(file, uid, gid);
      if (process.getuid?.() === 0) await start(dataDir);
      else await expect(start(dataDir)).rejects.toMatchObject({ code: "postgres-failed" });

      expect(other.exitCode).toBeNull();
    } finally {
      other.kill();
    }
  });
});
