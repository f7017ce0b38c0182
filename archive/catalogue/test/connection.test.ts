import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority, type PostgresAccess, type PostgresEngine, startLabPostgres } from "@daybook/lab";
import { checkPostgres, openCatalogue, openPostgresPool, type PostgresConnection } from "../src/index.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";

if (!hasPostgres) console.warn("there is no PostgreSQL for this machine: tests of its TLS are SKIPPED");

/** How a start with this connection ends. */
const start = (connection: PostgresConnection) =>
  checkPostgres(connection, { owns: ["catalogue"] }, { connectTimeoutMs: 2_000 }).then(
    () => "starts",
    (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
  );

(hasPostgres ? describe : describe.skip)("PostgreSQL over TLS", () => {
  let dir: string;
  let engine: PostgresEngine;
  let access: PostgresAccess;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "catalogue-tls-"));
    engine = (await startLabPostgres({ dir: join(dir, "engine") }))!;
    ({ access } = engine);
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true });
  });

  it("is reached by who trusts its certificate and knows the password", async () => {
    expect(await start(access)).toBe("starts");
    expect(await start({ ...access, host: "localhost" })).toBe("starts");
    expect(await start({ ...access, tls: { ...access.tls, serverName: "localhost" } })).toBe("starts");
    expect(await start(engine.certified)).toBe("starts");
    const pool = openPostgresPool(access, { name: "test", max: 1 });
    const { rows } = await pool.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    await pool.end();
    expect(rows).toEqual([{ ssl: true }]);
  });

  it("is refused, in one line each, where certificate, name or password are wrong", async () => {
    const { ca } = await makeAuthority(join(dir, "other"), "Another");
    const tls = access.tls;

    expect(await start({ ...access, tls: { ca } })).toBe(
      "refused: PostgreSQL's certificate is from nobody we trust: check the CA that was given",
    );
    expect(await start({ ...access, tls: {} })).toBe(
      "refused: PostgreSQL's certificate is from nobody we trust: check the CA that was given",
    );
    expect(await start({ ...access, tls: { ...tls, serverName: "db.example" } })).toBe(
      "refused: PostgreSQL's certificate is for another name: check the host, or its certificate",
    );
    expect(await start({ ...access, password: "wrong" })).toBe(
      "refused: PostgreSQL does not take this user and password: check both",
    );
    expect(await start({ ...access, user: "nobody" })).toBe(
      "refused: PostgreSQL does not take this user and password: check both",
    );
    expect(await start({ ...access, database: "nowhere" })).toBe(
      "refused: PostgreSQL has no such database: make it (infra/deploy/postgres)",
    );
    expect(await start({ ...engine.certified, tls })).toBe(
      "refused: PostgreSQL does not let this user in from here: check its rules (pg_hba.conf) and the client's certificate",
    );
    const { tls: _, ...bare } = access;
    expect(await start(bare)).toBe(
      "refused: PostgreSQL does not let this user in from here: check its rules (pg_hba.conf) and the client's certificate",
    );
    expect(await start({ ...bare, host: "db.example" })).toBe(
      "refused: PostgreSQL on another machine is reached by TLS only: name its CA",
    );
  });

  it("is refused when its certificate has expired", async () => {
    const expired = (await startLabPostgres({ dir: join(dir, "expired"), expired: true }))!;
    const line = await start(expired.access);
    await expired.stop();

    expect(line).toBe("refused: PostgreSQL's certificate has expired: renew it");
  });

  it("may be away for a while, which is no refusal", async () => {
    expect(await start({ ...access, port: 1 })).toBe("unavailable: PostgreSQL did not answer");
    engine.signal("SIGSTOP");
    const line = await start(access);
    engine.signal("SIGCONT");

    expect(line).toBe("unavailable: PostgreSQL did not answer");
  });

  it("gives a statement up in time, whether PostgreSQL says so or not", async () => {
    const limited = openPostgresPool(access, { name: "test", max: 1, statementTimeoutMs: 200 });
    await expect(limited.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ code: "57014" });
    await limited.query("SELECT 1");
    engine.signal("SIGSTOP");
    await expect(limited.query("SELECT 1")).rejects.toThrow("Query read timeout");
    engine.signal("SIGCONT");
    await limited.end();
  }, 20_000);

  it("takes no more connections than it is told", async () => {
    const pool = openCatalogue(access, "owner", { max: 2 });
    const pids = await Promise.all(
      Array.from({ length: 8 }, () => pool.query("SELECT pg_backend_pid(), pg_sleep(0.05)")),
    );
    await pool.close();

    expect(new Set(pids.map(({ rows }) => rows[0]?.[0])).size).toBeLessThanOrEqual(2);
  });
});

(hasPostgres ? describe : describe.skip)("PostgreSQL that is not what is needed", () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());

  it("is refused when it is too old", async () => {
    const connection = await postgres.database();
    const [[version]] = (await postgres.sql(connection, "SHOW server_version_num")) as [[string]];
    // The real server behind a way that makes it out to be a year older.
    const way = createServer((client) => {
      const server = connect(join(connection.host, ".s.PGSQL.5432"));
      client.pipe(server);
      server.on("data", (bytes) => {
        const at = bytes.indexOf(version);
        if (at >= 0) bytes.write("17", at);
        client.write(bytes);
      });
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on("error", () => other.destroy()).on("close", () => other.destroy());
      }
    }).listen(0, "127.0.0.1");
    await once(way, "listening");
    const { port } = way.address() as AddressInfo;
    const line = await start({ ...connection, host: "127.0.0.1", port });
    way.close();

    expect(line).toBe("refused: PostgreSQL is of version 17: 18 or later is needed");
  });

  it("is refused when it speaks no TLS", async () => {
    const connection = await postgres.database();
    const line = await start({ ...connection, tls: { serverName: "db.example" } });

    expect(line).toBe("refused: PostgreSQL does not speak TLS: have it do so (ssl = on)");
  });
});
