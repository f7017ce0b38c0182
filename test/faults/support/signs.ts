import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Files in which a process writes down its memory, its arguments or what it did, by their usual names. */
const TELLING =
  /^(?:core(?:[.-].*)?|.*\.(?:heapsnapshot|heapprofile|cpuprofile)|report\..*\.json|isolate-.*\.log|node_trace.*)$/;

/** Paths below a directory of files that a crash or a signal left. */
export function leftBehind(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TELLING.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

/** A process and all that it started, that run Node. */
export function nodesOf(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" ").filter(Boolean),
    );
    const isNode = /\/node$/.test(readlinkSync(`/proc/${pid}/exe`));
    return [...(isNode ? [pid] : []), ...children.flatMap((child) => nodesOf(Number(child)))];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** TCP ports on which a process listens. */
export function portsOf(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const LISTEN = "0A";
  return ["tcp", "tcp6"]
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && sockets.has(inode ?? ""))
    .map(([, local]) => parseInt(local?.split(":")[1] ?? "", 16))
    .sort((a, b) => a - b);
}

/** What the kernel would write of a process that crashes. */
export function coreOf(pid: number): { limit: string | undefined; filter: string } {
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  return {
    limit: /^Max core file size\s+(\S+\s+\S+)/m.exec(limits)?.[1]?.replace(/\s+/, " "),
    filter: readFileSync(`/proc/${pid}/coredump_filter`, "utf8").trim(),
  };
}
