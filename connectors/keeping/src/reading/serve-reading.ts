import { writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

/**
 * In a program that a `ReadingProcess` runs: does what it is told, in the order in which it is told. What `told` throws ends the
 * process. It ends with whoever started it.
 */
export function serveReading(told: (ask: never, tell: (answer: object) => void) => void): void {
  // A terminal and a service manager tell every process of the group to end: this one ends with its parent's channel.
  // SIGUSR1 would open the inspector.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"]) process.on(signal, () => undefined);
  process.on("disconnect", () => process.exit());
  if (process.platform === "linux") beFirstOutOfMemory();
  // What is busy with what it reads does not hear that.
  new Worker(new URL("./orphaned.ts", import.meta.url), { workerData: process.ppid }).unref();
  // Where the parent is gone there is nobody to answer.
  const tell = (answer: object) => void process.send?.(answer, undefined, undefined, () => undefined);
  process.on("message", (ask) => told(ask as never, tell));
  tell({ started: true });
}

/** Buffers are beyond V8's limit. Where the system has no memory left, it ends this process and not the one that started it. */
function beFirstOutOfMemory(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Where that is forbidden, the system's own judgement stands.
  }
}
