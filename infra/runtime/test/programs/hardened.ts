// Hardens itself, then says what came of it: once at the start, and once more when SIGUSR1 has been sent.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { url } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { hardenProcess, RuntimeError } from "../../src/index.ts";

try {
  const hardening = hardenProcess();
  const file = process.argv[2] ?? "";
  closeSync(openSync(file, "w"));
  process.kill(process.pid, "SIGUSR1");
  await sleep(300);
  console.log(
    JSON.stringify({
      hardening,
      inspector: url() ?? null,
      report: [
        process.report.reportOnFatalError,
        process.report.reportOnSignal,
        process.report.reportOnUncaughtException,
      ],
      limits:
        process.platform === "linux"
          ? /^Max core file size +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]
          : "0",
      child: spawnSync("sh", ["-c", "ulimit -c"], { encoding: "utf8" }).stdout.trim(),
    }),
  );
} catch (err) {
  console.log(err instanceof RuntimeError ? `${err.code}: ${err.message}` : String(err));
}
