import { readdirSync, readFileSync } from "node:fs";

// What Linux tells of processes, read here by other means than in `src/process/tree.ts`, which is tested with it.

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function all(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, "utf8");
        if (/^State:\s+Z/m.test(status)) return [];
        const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), parent, command }];
      } catch {
        return [];
      }
    });
}

/** Chromium's main process in a folder, its renderers, and whatever else names the folder or came of these. */
export function processesIn(dir: string): {
  readonly browsers: number[];
  readonly renderers: number[];
  readonly all: number[];
} {
  const processes = all();
  const found = processes.filter(({ command }) => command.includes(dir));
  for (const one of found) found.push(...processes.filter((p) => p.parent === one.pid && !found.includes(p)));
  const isBrowser = ({ command }: Process) =>
    command.includes("--user-data-dir=") && !command.includes("--type=");
  return {
    browsers: found.filter(isBrowser).map(({ pid }) => pid),
    renderers: found.filter(({ command }) => command.includes("--type=renderer")).map(({ pid }) => pid),
    all: found.map(({ pid }) => pid),
  };
}

/** Processes of accounts that a process started. */
export function sessionsOf(parent: number): number[] {
  return all()
    .filter((one) => one.parent === parent && one.command.includes("src/child/program.ts"))
    .map(({ pid }) => pid);
}

/** @throws {Error} when there is none: a test that kills nothing shows nothing */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  if (pids.length === 0) throw new Error("there is no such process");
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
