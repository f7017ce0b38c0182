import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { z } from "zod";

/** One process, for as long as the machine is up: a number alone is given to another one in time. */
export const processIdentity = z.strictObject({
  pid: z.int().positive(),
  /** When it started, as the system counts it. */
  started: z.string().max(100),
  /** The run of the machine, where the system names it. */
  boot: z.string().max(100),
  /** The space in which `pid` counts: another container numbers its processes itself. */
  space: z.string().max(100),
});

export type ProcessIdentity = z.infer<typeof processIdentity>;

/** Whether a process still runs; `elsewhere` when it cannot be seen from here. */
export type Liveness = "alive" | "dead" | "elsewhere";

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) ?? "", boot: bootOf(), space: spaceOf() };
}

export function livenessOf(identity: ProcessIdentity): Liveness {
  if (identity.boot !== bootOf()) return "dead";
  if (identity.space !== spaceOf()) return "elsewhere";
  return startOf(identity.pid) === identity.started ? "alive" : "dead";
}

function bootOf(): string {
  return read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ?? "";
}

function spaceOf(): string {
  return read(() => readlinkSync("/proc/self/ns/pid")) ?? "";
}

function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") {
    return read(() => execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim());
  }
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The name, in brackets, may hold anything; the start is field 22, the state (Z: it has ended) field 3.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

function read(from: () => string): string | undefined {
  try {
    return from() || undefined;
  } catch {
    return undefined;
  }
}
