import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** A directory that is removed after the test file. */
export function scratch(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "daybook-test-")));
  chmodSync(path, 0o700);
  afterAll(() => remove(path));
  return path;
}

/** The same, where other users may enter. */
export function sharedScratch(): string {
  const path = mkdtempSync("/var/tmp/daybook-test-");
  chmodSync(path, 0o755);
  afterAll(() => remove(path));
  return path;
}

/** A server that has just been told to end may still write. */
function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

export interface Program {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  line(): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Runs a file of `test/programs` in a process of its own. */
export function program(
  name: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): Program {
  const { env = process.env, ...as } = options;
  const file = join(import.meta.dirname, "programs", name);
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
    ...as,
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    line: async () => {
      const next = await lines.next();
      if (next.done) throw new Error(`${name} ended`);
      return next.value;
    },
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, "exit");
    },
  };
}

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Resolves when `condition` holds; the test's own time limit ends the wait. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}
