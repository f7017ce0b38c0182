import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");
const node = join(root, "node_modules/.bin/node");
const bin = join(root, "services/cli/bin/daybook.js");

/** What a finished command left. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Daybook, whatever it stands on, that is driven by the real command line. */
export interface Driven {
  /** For files of a test. */
  readonly dir: string;
  /** Of every log. */
  readonly vkeys: readonly string[];
  /** Runs one command to its end. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
  /** Runs one command with `--json` that must succeed. */
  json<T>(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<T>;
}

/** A home of its own with its server. */
export class Daybook implements Driven {
  readonly dir = mkdtempSync(join(tmpdir(), "daybook-e2e-"));
  readonly home = join(this.dir, "home");
  server: ChildProcess | undefined;
  /** What `daybook up --json` said. */
  facts: { url: string; signIn: string; vkeys: string[] } = { url: "", signIn: "", vkeys: [] };

  constructor() {
    writeFileSync(join(this.dir, "passphrase"), "correct horse battery staple\n", { mode: 0o600 });
  }

  get vkeys(): readonly string[] {
    return this.facts.vkeys;
  }

  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const { DAYBOOK_URL: _, DAYBOOK_TOKEN: __, NODE_OPTIONS: ___, ...rest } = process.env;
    return {
      ...rest,
      DAYBOOK_HOME: this.home,
      DAYBOOK_PASSPHRASE_FILE: join(this.dir, "passphrase"),
      XDG_STATE_HOME: join(this.dir, "state"),
      XDG_RUNTIME_DIR: this.dir,
      ...more,
    };
  }

  get isUp(): boolean {
    return this.server !== undefined && this.server.exitCode === null && this.server.signalCode === null;
  }

  /** Starts the server and resolves when it answers. */
  async up(...options: string[]): Promise<void> {
    const server = spawn(node, [bin, "up", "--port", "0", "--json", ...options], {
      env: this.env(),
      cwd: this.dir,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.server = server;
    let out = "";
    let err = "";
    server.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    server.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    while (!out.includes("\n")) {
      if (server.exitCode !== null) throw new Error(`the server ended: ${err}`);
      await Promise.race([once(server.stdout, "data"), once(server, "exit")]);
    }
    this.facts = JSON.parse(out.slice(0, out.indexOf("\n"))) as typeof this.facts;
  }

  /** Stops the server and resolves when it has ended. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const server = this.server;
    if (!server || !this.isUp) return server?.exitCode ?? null;
    server.kill(signal);
    await once(server, "exit");
    return server.exitCode;
  }

  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return runCommand(node, [bin, ...args], { env: this.env(env), cwd: this.dir });
  }

  json<T>(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<T> {
    return runJson<T>(this, args, env);
  }

  write(name: string, content: string | Buffer): string {
    const path = join(this.dir, name);
    writeFileSync(path, content);
    return path;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** What a command answers to `--json`. @throws {Error} when it fails */
export async function runJson<T>(
  daybook: Pick<Driven, "run">,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<T> {
  // What follows `--` is no option.
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const { code, stdout, stderr } = await daybook.run(args.toSpliced(end, 0, "--json"), env);
  if (code !== 0) throw new Error(`daybook ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Runs a program to its end. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {},
): Promise<Ran> {
  const child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  // A program that reads nothing may be gone by now.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
