import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A program of the lab that runs. It ends with this process, unless that is killed with SIGKILL. */
export interface Engine {
  readonly pid: number;
  /** Sends a signal without waiting: SIGSTOP, SIGCONT, SIGKILL. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it, and resolves when it has ended. May be repeated. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const PATIENCE_MS = 15_000;
const POLL_MS = 50;
const LOG_TAIL = 2_000;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A program of the lab, and how one knows that it works. */
export interface EngineProgram {
  readonly name: string;
  /** A file for what it prints. */
  readonly log: string;
  /** Asked again and again until it says yes; an error counts as no. */
  readonly ready: () => Promise<boolean>;
  readonly timeoutMs?: number;
}

/**
 * Starts a program, and resolves when it is ready. What it prints goes to a file.
 *
 * @throws {Error} when it ends or is not ready in time, with the end of its log
 */
export async function startEngine({
  program,
  args,
  env,
  cwd,
  ...of
}: EngineProgram & {
  program: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}): Promise<Engine> {
  return startSpawned(of, (stdio) => spawn(program, [...args], { stdio, env, cwd }));
}

/**
 * The same for a program that is started in a way of its own.
 *
 * @param launch starts it with these as its first three descriptors
 * @throws {Error} as `startEngine`
 */
export async function startSpawned(
  { name, log, ready, timeoutMs = 180_000 }: EngineProgram,
  launch: (stdio: ["ignore", number, number]) => ChildProcess,
): Promise<Engine> {
  const output = openSync(log, "a", 0o600);
  const child = launch(["ignore", output, output]);
  closeSync(output);
  running.add(child);
  const end = new Promise<void>((resolve) => {
    for (const event of ["exit", "error"]) child.once(event, () => resolve());
  }).then(() => void running.delete(child));
  const ended = () => !running.has(child);
  const engine: Engine = {
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    async stop(signal = "SIGTERM") {
      if (ended()) return;
      child.kill("SIGCONT");
      child.kill(signal);
      const late = new AbortController();
      const killing = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(
        () => child.kill("SIGKILL"),
        () => undefined,
      );
      await end;
      late.abort();
      await killing;
    },
  };
  const until = Date.now() + timeoutMs;
  while (!(await ready().catch(() => false))) {
    if (ended() || Date.now() > until) {
      await engine.stop("SIGKILL");
      throw new Error(`${name} did not start: ${readFileSync(log, "utf8").slice(-LOG_TAIL)}`);
    }
    await sleep(POLL_MS);
  }
  return engine;
}
