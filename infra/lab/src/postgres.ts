import { randomBytes } from "node:crypto";
import { chownSync, closeSync, openSync, writeSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Account,
  chooseAccounts,
  createCluster,
  createLauncher,
  makeSocketDirectory,
  passDirectory,
  scramVerifier,
  SUPERUSER,
  usableBinaries,
} from "@daybook/compose/postgres";
import { type Authority, makeAuthority } from "./certificates.ts";
import { type Engine, startSpawned } from "./engine.ts";
import { freePorts } from "./free-port.ts";
import { answers, makeLogins, statement } from "./postgres-client.ts";
import { accessRules, serverSettings } from "./postgres-settings.ts";
import { gone, wholeOf } from "./processes.ts";

/** A login's way in, by SCRAM-SHA-256 over TLS: what `@daybook/catalogue` takes. */
export interface PostgresAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: {
    /** Whoever issued the server's certificate, PEM. */
    readonly ca: string;
    readonly client?: { readonly certificate: string; readonly key: string };
  };
}

/** A real PostgreSQL 18 on 127.0.0.1, over TLS alone, for tests. */
export interface PostgresEngine extends Engine {
  readonly port: number;
  /** Owns its database, and is no superuser; may not make roles. */
  readonly access: PostgresAccess;
  /** The same rights for a login that is let in only with a certificate of its own, in another database. */
  readonly certified: PostgresAccess;
  /** The administrator's: a superuser. */
  readonly admin: PostgresAccess;
  /** Issued the server's certificate. */
  readonly authority: Authority;
  /** Ends it as `stop` does, SIGKILL unless told, and starts it again on the same port with what was durable. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Destroys it with its disk, and starts an empty cluster in its place: same port, certificate and administrator. */
  replace(): Promise<void>;
  /** Runs SQL, of several statements or of one with values. @param as the administrator unless given */
  readonly sql: (text: string, values?: readonly unknown[], as?: PostgresAccess) => Promise<unknown[][]>;
}

/**
 * Starts PostgreSQL with an empty cluster, from the programs that npm installed. Started by root it runs as a user
 * number that nobody else has. SIGSTOP and SIGCONT go to all of its processes; SIGKILL to the first, as PostgreSQL's
 * own way of crashing; SIGHUP has it read its certificate again.
 *
 * @param options.dir made when it is not there; must be empty
 * @param options.expired whether its certificate was good until yesterday
 * @param options.durable whether it fsyncs: unless told it does not, which only a crash of the machine would show, or a clock
 * @returns undefined where npm has no programs for this machine
 * @throws {Error} when it does not start, with the end of its log; when `openssl` is missing
 */
export async function startLabPostgres(options: {
  dir: string;
  expired?: boolean;
  durable?: boolean;
}): Promise<PostgresEngine | undefined> {
  const { dir, expired = false, durable = false } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const authority = await makeAuthority(join(dir, "certificates"));
  const cluster = join(dir, "cluster");
  const launcher = await createLauncher();
  const accounts = await chooseAccounts(cluster);
  const native = await usableBinaries(launcher, accounts?.server, {}).catch(() => undefined);
  if (native === undefined) return undefined;
  const [port] = (await freePorts(1)) as [number];
  const login = (user: string, database: string): PostgresAccess => ({
    host: "127.0.0.1",
    port,
    user,
    database,
    password: randomBytes(16).toString("hex"),
    tls: { ca: authority.ca },
  });
  const admin = login(SUPERUSER, "postgres");
  const access = login("lab", "lab");
  const plain = login("lab_certified", "lab_certified");
  const { key, certificate } = await authority.issue({ subject: plain.user });
  const certified = { ...plain, tls: { ...plain.tls, client: { key, certificate } } };

  const names = ["DNS:localhost", "IP:127.0.0.1"];
  const server = await authority.issue({ subject: "localhost", names, expired });
  const files = { "server.key": server.key, "server.pem": server.certificate, "ca.pem": authority.ca };
  const create = async () => {
    // Not under `dir`, which only root may be able to enter.
    const record = join(dir, "scratch");
    const scratch = await makeSocketDirectory(record, accounts?.server);
    try {
      const verifier = scramVerifier(admin.password);
      await createCluster({
        launcher,
        native,
        directory: cluster,
        accounts,
        verifier,
        scratch,
        durable,
      });
    } finally {
      for (const path of [scratch, record]) await rm(path, { recursive: true, force: true });
    }
    for (const [name, content] of Object.entries({ ...files, "pg_hba.conf": accessRules(certified.user) })) {
      give(join(cluster, name), content, accounts?.server);
    }
  };
  await create();

  const start = () => {
    const passed = passDirectory(cluster, accounts?.server);
    const settings = serverSettings(port, durable).flatMap((setting) => ["-c", setting]);
    const args = ["-D", passed.path, ...settings];
    const program = { name: "postgres", log: join(dir, "postgres.log"), ready: () => answers(admin) };
    return startSpawned(program, (stdio) => {
      const all = [...stdio, ...passed.fds];
      const child = launcher.start(join(native, "bin/postgres"), args, all, accounts?.server);
      passed.close();
      return child;
    });
  };
  let engine = await start();
  const stop = async (signal: NodeJS.Signals = "SIGINT") => {
    const processes = wholeOf(engine.pid);
    for (const pid of processes) send(pid, "SIGCONT");
    await engine.stop(signal);
    // Its children notice that the first is gone, and end; until then nobody else may have the files.
    await gone(processes);
  };
  try {
    if (!expired) await makeLogins(admin, [access, certified]);
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
  return {
    get pid() {
      return engine.pid;
    },
    port,
    access,
    certified,
    admin,
    authority,
    signal(signal) {
      const all = signal === "SIGSTOP" || signal === "SIGCONT";
      for (const pid of all ? wholeOf(engine.pid) : [engine.pid]) send(pid, signal);
    },
    stop,
    async restart(signal = "SIGKILL") {
      await stop(signal);
      engine = await start();
    },
    async replace() {
      await stop("SIGKILL");
      await rm(cluster, { recursive: true });
      await create();
      engine = await start();
    },
    sql: (text, values, as = admin) => statement(as, text, values),
  };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function give(path: string, content: string, to: Account | undefined): void {
  const file = openSync(path, "w", 0o600);
  writeSync(file, content);
  closeSync(file);
  if (to) chownSync(path, to.uid, to.gid);
}
