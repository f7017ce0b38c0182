import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ComposeError } from "../error.ts";
import { codeOf, makePrivateDirectory } from "../home/files.ts";
import { chooseAccounts } from "./account.ts";
import { type Programs, usableBinaries } from "./binaries.ts";
import { createCluster, hasCluster, passDirectory } from "./cluster.ts";
import { beforeSetUp, type Connection, setUpDatabase, tryToConnect } from "./database.ts";
import { createLauncher } from "./launch.ts";
import { stopLeftover } from "./leftover.ts";
import { keptPassword } from "./password.ts";
import { scramVerifier } from "./scram.ts";
import { checkTuning, type Settings, settingArguments } from "./settings.ts";
import { makeSocketDirectory } from "./sockets.ts";

/** What this package logs with: `@daybook/runtime`'s logger fits. */
export interface PostgresLog {
  info(fields: Readonly<Record<string, unknown>>, sentence: string): void;
  warn(fields: Readonly<Record<string, unknown>>, sentence: string): void;
}

/** A PostgreSQL server that runs for this process. */
export interface Postgres {
  /** For `pg`: a role that owns its database, and is no superuser. `host` is the directory of the socket. */
  readonly connection: Connection;
  /** Whether this call made the cluster. */
  readonly firstStart: boolean;
  /** Resolves when the server has been stopped. @throws {ComposeError} `postgres-ended` if it ended by itself */
  readonly ended: Promise<void>;
  /** Ends sessions, writes everything down and stops the server. May be repeated. */
  stop(): Promise<void>;
}

const LOG_LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * Starts PostgreSQL on files of its own under `dataDir`, and resolves when it takes connections: on a socket that
 * only this user may use, never over TCP. Started by root it runs as a user number that nobody else has. It ends
 * with this process, however that ends; where the system cannot do that, the next start ends it first.
 *
 * The caller makes sure that it is called once at a time for a directory (`openHome` does).
 *
 * @param options.dataDir for everything that is kept: the cluster, the password (0600), the log
 * @param options.socketDir where a directory for the socket may be made; the usual places unless given
 * @param options.signal stops the server, also while it starts
 * @param options.settings of PostgreSQL, for tuning
 * @param options.programs other programs than those that npm installed
 * @throws {ComposeError} `postgres-unavailable`, `postgres-failed`, `bad-setting`
 */
export async function startPostgres(options: {
  dataDir: string;
  socketDir?: string;
  log: PostgresLog;
  signal?: AbortSignal;
  settings?: Settings;
  programs?: Programs;
}): Promise<Postgres> {
  const { log, signal, settings = {}, programs = {} } = options;
  // Before anything is made: a wrong one is the caller's mistake.
  checkTuning(settings);
  await makePrivateDirectory(options.dataDir);
  const dataDir = await realpath(options.dataDir);
  const cluster = join(dataDir, "cluster");
  const launcher = await createLauncher();
  const accounts = await chooseAccounts(cluster);
  const native = await usableBinaries(launcher, accounts?.server, programs);
  const firstStart = !(await hasCluster(cluster, native));
  await stopLeftover(cluster, signal);
  const password = await keptPassword(join(dataDir, "password"));
  const record = join(dataDir, "socket");
  const socket = await makeSocketDirectory(
    record,
    accounts?.server,
    options.socketDir ? [options.socketDir] : undefined,
  );
  const clean = async () => {
    await rm(socket, { recursive: true, force: true });
    await rm(record, { force: true });
  };

  try {
    const verifier = scramVerifier(password);
    if (firstStart) {
      await createCluster({ launcher, native, directory: cluster, accounts, verifier, scratch: socket });
    }
    signal?.throwIfAborted();
    const logFile = await rotate(join(dataDir, "postgres.log"));
    const passed = passDirectory(cluster, accounts?.server);
    const output = openSync(logFile, "a", 0o600);
    const args = ["-D", passed.path, ...settingArguments(socket, settings)];
    const program = join(native, "bin/postgres");
    const child = launcher.start(program, args, ["ignore", output, output, ...passed.fds], accounts?.server);
    closeSync(output);
    passed.close();
    const server = supervise(child, clean, logFile);
    const onAbort = () => void server.stop();
    signal?.addEventListener("abort", onAbort, { once: true });
    server.ended
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => signal?.removeEventListener("abort", onAbort));
    const connection = { host: socket, port: 5432, user: "daybook", database: "daybook", password };
    try {
      await untilReady(connection, verifier, server, firstStart);
    } catch (err) {
      await server.stop();
      throw err;
    }
    signal?.throwIfAborted();
    log.info({ pid: child.pid, firstStart, uid: accounts?.server.uid }, "database started");
    return { connection, firstStart, ended: server.ended, stop: () => server.stop() };
  } catch (err) {
    await clean();
    throw err;
  }
}

interface Supervised {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

// Fast, then without writing down what the log has anyway, then at once.
const STOPS = [
  ["SIGINT", 30_000],
  ["SIGQUIT", 10_000],
  ["SIGKILL", 10_000],
] as const;

function supervise(child: ChildProcess, clean: () => Promise<void>, logFile: string): Supervised {
  let stopping: Promise<void> | undefined;
  const exited = new Promise<string>((resolve) => {
    child.once("error", (err) => resolve(codeOf(err) ?? "unknown reason"));
    child.once("exit", (code, by) => resolve(by ?? `status ${code ?? 0}`));
  });
  const ended = exited.then(async (how) => {
    await clean();
    if (stopping) return;
    throw new ComposeError(
      "postgres-ended",
      `PostgreSQL ended by itself (${how}): ${logFile} has the reason`,
    );
  });
  ended.catch(() => undefined);
  const end = async () => {
    for (const [signal, patienceMs] of STOPS) {
      child.kill(signal);
      const timer = new AbortController();
      const late = sleep(patienceMs, "late", { signal: timer.signal }).catch(() => "late");
      const first = await Promise.race([exited, late]);
      timer.abort();
      if (first !== "late") break;
    }
    await ended.catch(() => undefined);
  };
  return { ended, stop: () => (stopping ??= end()) };
}

/** Recovery after a crash may take long; as long as the server runs and says that it is starting, it is waited for. */
async function untilReady(
  connection: Connection,
  verifier: string,
  server: Supervised,
  firstStart: boolean,
): Promise<void> {
  let over: unknown;
  server.ended.then(
    () => (over = new ComposeError("postgres-failed", "the start was broken off")),
    (err: unknown) => (over = err),
  );
  // A refusal would be logged, though nothing is wrong.
  let first: Connection | undefined = firstStart ? beforeSetUp(connection) : undefined;
  for (let waitMs = 5; ; waitMs = Math.min(waitMs * 1.5, 250)) {
    const state = await tryToConnect(first ?? connection);
    if (state === "ready" && first === undefined) return;
    if (state === "not-yet") await sleep(waitMs);
    else await setUpDatabase(connection, verifier).then(() => (first = undefined));
    if (over instanceof Error) {
      const code =
        over instanceof ComposeError && over.code === "postgres-ended" ? "postgres-failed" : undefined;
      throw code ? new ComposeError(code, over.message, { cause: over }) : over;
    }
  }
}

async function rotate(path: string): Promise<string> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_LIMIT_BYTES) await rename(path, `${path}.1`);
  return path;
}
