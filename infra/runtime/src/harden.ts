import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { url as inspectorUrl } from "node:inspector";
import { RuntimeError } from "./error.ts";

/** What `hardenProcess` reached. `coreDumps` is `unknown` where the system offers no way to ask. */
export interface Hardening {
  readonly coreDumps: "off" | "on" | "unknown";
  /** Whether the kernel was told to leave this process's memory out of a core that is written all the same. */
  readonly coreMemory: "left-out" | "unknown";
}

/** What the process was started with; a test passes its own. */
export interface ProcessStart {
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly inspectorUrl: string | undefined;
}

// Each writes memory, arguments or traffic to a file or a port.
const FORBIDDEN =
  /^--(?:inspect|heapsnapshot|heap-prof|cpu-prof|prof$|trace$|report-(?:on|uncaught)|abort-on-uncaught-exception|diagnostic-dir|trace-event|tls-keylog|experimental-(?:config-file|default-config-file))/;
// Namespaces of `debug` in which Express prints addresses, and with them the words of a search.
const TELLTALE = /\*|express|router|body-parser|finalhandler|send\b/;

/**
 * Closes the ways in which a running process writes its memory down: core dumps, diagnostic reports, heap
 * snapshots, the inspector (SIGUSR1 included). New files are for their owner alone (umask 0077). Call it first.
 *
 * @throws {RuntimeError} `unsafe-process` when the process was started with any of them switched on
 */
export function hardenProcess(start: ProcessStart = currentStart()): Hardening {
  refuseUnsafe(start);
  process.umask(0o077);
  process.report.reportOnFatalError = false;
  process.report.reportOnSignal = false;
  process.report.reportOnUncaughtException = false;
  process.report.excludeEnv = true;
  // Node opens the inspector on SIGUSR1 unless somebody listens.
  if (process.platform !== "win32" && process.listenerCount("SIGUSR1") === 0) {
    process.on("SIGUSR1", ignoreSignal);
  }
  return { coreMemory: leaveMemoryOut(), coreDumps: forbidCoreDumps() };
}

function ignoreSignal(): void {
  // That it is handled at all is what counts.
}

function currentStart(): ProcessStart {
  return { execArgv: process.execArgv, env: process.env, inspectorUrl: inspectorUrl() };
}

function refuseUnsafe({ execArgv, env, inspectorUrl: open }: ProcessStart): void {
  const flags = [...execArgv, ...(env.NODE_OPTIONS ?? "").split(/\s+/)]
    .map((flag) => (flag.split("=")[0] ?? "").replaceAll("_", "-"))
    .filter((flag) => FORBIDDEN.test(flag));
  const reasons = [...new Set(flags)].map((flag) => `without ${flag}`);
  if (open !== undefined && !flags.some((flag) => flag.startsWith("--inspect"))) {
    reasons.push("without the inspector");
  }
  for (const name of ["NODE_DEBUG", "NODE_DEBUG_NATIVE"]) {
    if (env[name]) reasons.push(`with ${name} unset`);
  }
  if (TELLTALE.test(env.DEBUG ?? "")) reasons.push("with DEBUG unset");
  if (reasons.length === 0) return;
  throw new RuntimeError(
    "unsafe-process",
    `start it ${reasons.join(", ")}: memory or traffic would be written where others can read it`,
  );
}

function leaveMemoryOut(): Hardening["coreMemory"] {
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
    return "left-out";
  } catch {
    return "unknown";
  }
}

function forbidCoreDumps(): Hardening["coreDumps"] {
  if (process.platform !== "linux") return "unknown";
  spawnSync("prlimit", ["--pid", String(process.pid), "--core=0:0"], { stdio: "ignore", timeout: 5_000 });
  try {
    const line = /^Max core file size\s+(\S+)\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    if (!line) return "unknown";
    return line[1] === "0" && line[2] === "0" ? "off" : "on";
  } catch {
    return "unknown";
  }
}
