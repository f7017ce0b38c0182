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

/**
 * Starts a program, and resolves when it is ready. What it prints goes to a file.
 *
 * @param of.ready asked again and again until it says yes; an error counts as no
 * @throws {Error} when it ends or is not ready in time, with the end of its log
 */
export async function startEngine(of: {
  name: string;
  program: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  log: string;
  ready: () => Promise<boolean>;
  timeoutMs?: number;
}): Promise<Engine> {
  const { name, program, args, env, cwd, log, ready, timeoutMs = 60_000 } = of;
  const output = openSync(log, "a", 0o600);
  const child = spawn(program, [...args], { stdio: ["ignore", output, output], env, cwd });
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
