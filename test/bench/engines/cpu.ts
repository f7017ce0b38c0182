import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second that Linux counts a process's time in, on every machine it runs on today. */
const TICKS = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own and that of children which have ended. */
  readonly seconds: number;
}

/** Processor time that a process, its children and theirs have taken so far, seconds. Linux only. */
export function cpuSeconds(root: number): number {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const stats = all.flatMap((name) => statOf(Number(name)));
  const family = new Set([root]);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const { pid, parent } of stats) if (family.has(parent)) family.add(pid);
  }
  return stats.filter(({ pid }) => family.has(pid)).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Nothing when it has ended meanwhile. */
function statOf(pid: number): ProcessStat[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return [];
  }
  // Behind the program's name, which may hold anything: state, parent, ..., and from the 11th on the times.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return [{ pid, parent: Number(fields[1]), seconds: ticks / TICKS }];
}
