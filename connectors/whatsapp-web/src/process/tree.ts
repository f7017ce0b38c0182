import { readdirSync, readFileSync } from "node:fs";

// What Linux tells of processes, under /proc. Elsewhere nothing is known, and nothing is done.

/**
 * Memory of a process and all that came of it: its share of what is shared, as Linux counts it (PSS).
 *
 * @returns bytes; 0 where it is not known
 */
export function memoryOf(root: number): number {
  return treeOf(root).reduce((sum, pid) => {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1];
    return sum + Number(kib ?? 0) * 1_024;
  }, 0);
}

/** Ends, at once, every process that was told to work in this folder: what an earlier process left behind. */
export function endThoseIn(dir: string): number {
  const left = pids().filter((pid) => argumentsOf(pid).includes(`--user-data-dir=${dir}`));
  for (const pid of left) kill(pid);
  return left.length;
}

/** Ends a process and all that came of it. */
export function endTree(root: number): void {
  for (const pid of treeOf(root)) kill(pid);
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of pids()) {
    // The name, in brackets, may have anything in it.
    const parent = Number(/^.*\) \S (\d+) /s.exec(textOf(`/proc/${pid}/stat`))?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function argumentsOf(pid: number): string[] {
  return textOf(`/proc/${pid}/cmdline`).split("\0");
}

/** Empty for one that has ended, or is not ours to look at. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
