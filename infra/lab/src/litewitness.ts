import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { cachedProgram } from "./cache.ts";
import { type Engine, startEngine } from "./engine.ts";
import { localAddress } from "./s3-engine.ts";

/** A C2SP witness that runs: torchwood's litewitness, with its key in an ssh-agent. */
export interface Litewitness extends Engine {
  /** Its submission prefix. */
  readonly url: string;
  /** Its verifier key, of timestamped cosignatures. */
  readonly vkey: string;
  /** Tells it of a log, whose tree it takes for empty until it is shown one. */
  addLog(origin: string, vkey: string): void;
}

const run = promisify(execFile);
const COSIGNATURE_V1 = 0x04;
const KEY_BYTES = 32;
const LOCK_MS = 5_000;

/**
 * Starts litewitness on 127.0.0.1, with a key of its own, new at each start in another directory.
 *
 * @param options.dir for its database and log; made when it is not there
 * @returns undefined where it is not built, or `ssh-agent` is not installed
 */
export async function startLitewitness({
  dir,
  name = "witness.lab",
  port,
}: {
  dir: string;
  name?: string;
  port?: number;
}): Promise<Litewitness | undefined> {
  const program = cachedProgram("litewitness");
  if (!program || !(await hasAgent())) return undefined;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // A socket's path is short, whatever `dir` is.
  const sockets = await mkdtemp(join(tmpdir(), "lab-"));
  const socket = join(sockets, "agent");
  const environment = { ...process.env, SSH_AUTH_SOCK: socket };
  const agent = await startEngine({
    name: "ssh-agent",
    program: "ssh-agent",
    args: ["-D", "-a", socket],
    log: join(dir, "ssh-agent.log"),
    // Exit status 1: it answers, and has no key.
    ready: async () => (await exitCode("ssh-add", ["-l"], environment)) === 1,
  });
  const file = join(dir, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]).catch(() => undefined);
  await run("ssh-add", [file], { env: environment });
  const { stdout } = await run("ssh-keygen", ["-lf", `${file}.pub`]);
  const fingerprint = stdout.split(" ")[1] ?? "";
  const address = await localAddress(port);
  const url = `http://${address}`;
  const database = join(dir, "litewitness.db");
  const engine = await startEngine({
    name: "litewitness",
    program,
    args: ["-name", name, "-db", database, "-ssh-agent", socket, "-key", fingerprint, "-listen", address],
    log: join(dir, "litewitness.log"),
    ready: async () => (await fetch(url)).ok,
  });
  return {
    ...engine,
    url,
    vkey: verifierKey(name, await readFile(`${file}.pub`, "utf8")),
    addLog(origin, vkey) {
      // What its own witnessctl does; which is not built here, for a module that it takes cannot be had everywhere.
      const store = new DatabaseSync(database, { timeout: LOCK_MS });
      store
        .prepare("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)")
        .run(origin, createHash("sha256").digest("base64"));
      store.prepare("INSERT INTO key (origin, key) VALUES (?, ?)").run(origin, vkey);
      store.close();
    },
    async stop(signal) {
      await engine.stop(signal ?? "SIGINT");
      await agent.stop();
      await rm(sockets, { recursive: true, force: true });
    },
  };
}

async function hasAgent(): Promise<boolean> {
  return (await exitCode("ssh-add", ["-h"])) !== "ENOENT";
}

/** A program's exit status, or why it could not be started. */
async function exitCode(program: string, args: string[], env = process.env): Promise<unknown> {
  try {
    await run(program, args, { env });
    return 0;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

/** As c2sp.org/tlog-cosignature has it, of a key in OpenSSH's form. */
function verifierKey(name: string, openssh: string): string {
  const blob = Buffer.from(openssh.split(" ")[1] ?? "", "base64");
  const typed = Buffer.concat([Buffer.of(COSIGNATURE_V1), blob.subarray(-KEY_BYTES)]);
  const id = createHash("sha256").update(`${name}\n`).update(typed).digest("hex").slice(0, 8);
  return `${name}+${id}+${typed.toString("base64")}`;
}
