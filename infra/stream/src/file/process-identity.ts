import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { systemCode } from "./disk.ts";

/** Enough of a process to tell it from any that had, or will have, the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start; empty where there is no /proc. */
  readonly started: string;
  readonly boot: string;
  /** The namespace that its number is of. */
  readonly pidNamespace: string;
  readonly host: string;
}

/** Of this process. */
export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    started: statusOf(process.pid)?.started ?? "",
    boot: orEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: orEmpty(() => readlinkSync("/proc/self/ns/pid")),
    host: hostname(),
  };
}

/**
 * Whether another process may still run. Where that cannot be known, on another host or in another container,
 * it is taken to run; the same host after a boot, or the same container after a restart, is known to have ended it.
 */
export function mayRun(other: ProcessIdentity, self: ProcessIdentity): boolean {
  if (other.boot !== self.boot || other.pidNamespace !== self.pidNamespace) return other.host !== self.host;
  try {
    process.kill(other.pid, 0);
  } catch (cause) {
    // EPERM: it runs, under another user.
    if (systemCode(cause) !== "EPERM") return false;
  }
  const status = statusOf(other.pid);
  if (!status) return true;
  return status.started === other.started && !status.ended;
}

/** From /proc/PID/stat; see proc_pid_stat(5). The name, in brackets, may hold anything. */
function statusOf(pid: number): { started: string; ended: boolean } | undefined {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields[0], fields[19]];
  return state && started ? { started, ended: state === "Z" || state === "X" } : undefined;
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
