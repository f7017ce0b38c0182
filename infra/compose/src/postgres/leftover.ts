import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ComposeError } from "../error.ts";

const PATIENCE_MS = 60_000;

/**
 * Ends a server that an earlier process left behind on these files, and waits until it is gone. `postmaster.pid` is
 * never touched: PostgreSQL itself judges a stale one.
 *
 * @param directory the cluster, as it is called now
 * @throws {ComposeError} `postgres-failed` when it does not end, or when the number belongs to another program now, which
 *   PostgreSQL would take for a server
 */
export async function stopLeftover(directory: string, signal: AbortSignal | undefined): Promise<void> {
  const file = join(directory, "postmaster.pid");
  const pid = Number((await readFile(file, "utf8").catch(() => "")).split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid || !isRunning(pid)) return;
  if (!isServerOf(pid, directory)) {
    // PostgreSQL passes over the number of another user's process by itself.
    if (process.getuid?.() === 0) return;
    throw new ComposeError(
      "postgres-failed",
      `${file} names process ${pid}, which is not PostgreSQL: when you are sure that no server runs there, delete that file`,
    );
  }
  process.kill(pid, "SIGINT");
  for (const end = Date.now() + PATIENCE_MS; isRunning(pid);) {
    signal?.throwIfAborted();
    if (Date.now() > end) {
      throw new ComposeError(
        "postgres-failed",
        `PostgreSQL from an earlier run (process ${pid}) does not end: end it`,
      );
    }
    await sleep(20);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === "EPERM";
  }
  return stateOf(pid) !== "Z";
}

function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  } catch {
    return undefined;
  }
}

function isServerOf(pid: number, directory: string): boolean {
  try {
    if (process.platform === "linux") {
      const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, "");
      return program === "postgres" && readlinkSync(`/proc/${pid}/cwd`) === directory;
    }
    const command = execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return command.includes("bin/postgres") && command.includes(directory);
  } catch {
    return false;
  }
}
