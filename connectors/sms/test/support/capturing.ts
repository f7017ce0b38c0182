import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CAPTURING = join(import.meta.dirname, "..", "children", "capturing.ts");

/** A connector in a process of its own, over the same state each time. */
export interface Capturing {
  /**
   * @param moment at which it dies: see `children/capturing.ts` @param times how often that has come then
   * @returns what resolves with its exit code and signal, once it has ended
   */
  start(moment?: string, times?: number): Promise<unknown[]>;
  kill(): Promise<void>;
  /** What is recorded, in words: the archive makes one record of whatever has the same id and digest. */
  records(): string[];
}

/** @param of.dir for its state, and for what it hands on; made when it is not there */
export function capturing(of: {
  readonly dir: string;
  readonly port: number;
  readonly systemId?: string;
  readonly password?: string;
}): Capturing {
  const { dir, port, systemId = "daybook", password = "secret" } = of;
  mkdirSync(dir, { recursive: true });
  const output = join(dir, "stream");
  let child: ChildProcess | undefined;
  return {
    start(moment, times = 1) {
      const args = [CAPTURING, dir, String(port), output, ...(moment ? [moment, String(times)] : [])];
      const env = { ...process.env, SYSTEM_ID: systemId, PASSWORD: password };
      child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env });
      return once(child, "close");
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "close");
    },
    records() {
      if (!existsSync(output)) return [];
      const seen = new Map<string, string>();
      for (const line of readFileSync(output, "utf8").split("\n").slice(0, -1)) {
        const [id, digest, kind, said] = JSON.parse(line) as [string, string, string, string | undefined];
        if (kind !== "coverage") seen.set(`${id} ${digest}`, said ?? kind);
      }
      return [...seen.values()];
    },
  };
}
