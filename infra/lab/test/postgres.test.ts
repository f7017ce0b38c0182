import { execFile } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { type PostgresEngine, startLabPostgres } from "@daybook/lab";
import { hasPostgres } from "./has-postgres.ts";

if (!hasPostgres) console.warn("npm has no PostgreSQL for this machine: its tests are SKIPPED");

let dir: string;
let engine: PostgresEngine | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "lab-postgres-"));
});
afterEach(async () => {
  await engine?.stop("SIGKILL");
  engine = undefined;
  await rm(dir, { recursive: true });
});

/** Processes that work in the cluster, zombies aside. */
function processes(): number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
      } catch {
        return false;
      }
    });
}

(hasPostgres ? describe : describe.skip)("PostgreSQL in the lab", () => {
  it("lets in by SCRAM over TLS, as nobody in particular, and leaves no process", async () => {
    engine = (await startLabPostgres({ dir }))!;
    const { access, port } = engine;
    const facts = `SELECT s.version, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls,
      pg_catalog.has_database_privilege(current_database(), 'CREATE')
      FROM pg_stat_ssl s, pg_roles r WHERE s.pid = pg_backend_pid() AND r.rolname = current_user`;
    expect(await engine.sql(facts, [], access)).toEqual([["TLSv1.3", false, false, false, false, true]]);
    expect(await engine.sql("SHOW password_encryption")).toEqual([["scram-sha-256"]]);
    await expect(engine.sql("SELECT 1", [], { ...access, password: "wrong" })).rejects.toThrow(
      "password authentication failed",
    );
    expect(await bare(port)).toBe("S");
    await expect(
      engine.sql("SELECT 1", [], { ...access, tls: { ca: await otherAuthority() } }),
    ).rejects.toThrow(/unable to verify|self-signed/);

    expect(processes().length).toBeGreaterThan(3);
    await engine.stop();
    await engine.stop();
    expect(processes()).toEqual([]);
  });

  it("asks a login that has to have a certificate for it", async () => {
    engine = (await startLabPostgres({ dir }))!;
    const { certified, authority } = engine;
    expect(await engine.sql("SELECT current_user", [], certified)).toEqual([["lab_certified"]]);

    const { ca } = authority;
    const without = { ...certified, tls: { ca } };
    await expect(engine.sql("SELECT 1", [], without)).rejects.toThrow("requires a valid client certificate");
    const another = await authority.issue({ subject: "somebody else" });
    const wrong = { ...certified, tls: { ca, client: another } };
    await expect(engine.sql("SELECT 1", [], wrong)).rejects.toThrow("authentication failed");
  });

  it("comes back after SIGKILL on the same port with what was committed", async () => {
    engine = (await startLabPostgres({ dir }))!;
    const { port, pid, access } = engine;
    await engine.sql("CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)", undefined, access);
    await engine.restart();

    expect(engine.pid).not.toBe(pid);
    expect(engine.port).toBe(port);
    expect(await engine.sql("SELECT value FROM kept", [], access)).toEqual([[7]]);
  });

  it("stands still as a whole, and goes on", async () => {
    engine = (await startLabPostgres({ dir }))!;
    engine.signal("SIGSTOP");
    const asked = engine.sql("SELECT 1");
    expect(await Promise.race([asked, sleep(300, "silence")])).toBe("silence");
    engine.signal("SIGCONT");

    expect(await asked).toEqual([[1]]);
    engine.signal("SIGSTOP");
    await engine.stop();
    expect(processes()).toEqual([]);
  });

  it("starts with a certificate that has expired, which nobody takes", async () => {
    engine = (await startLabPostgres({ dir, expired: true }))!;

    await expect(engine.sql("SELECT 1")).rejects.toMatchObject({ code: "CERT_HAS_EXPIRED" });
  });
});

/** What the server says to somebody who asks whether it speaks TLS. */
async function bare(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    return await new Promise((resolve, reject) => {
      socket.once("data", (bytes) => resolve(bytes.toString())).once("error", reject);
    });
  } finally {
    socket.destroy();
  }
}

async function otherAuthority(): Promise<string> {
  const [key, certificate] = [join(dir, "other.key"), join(dir, "other.pem")];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  const args = ["req", "-x509", ...made, "-subj", "/CN=other", "-keyout", key, "-out", certificate];
  await promisify(execFile)("openssl", args);
  return readFile(certificate, "utf8");
}
