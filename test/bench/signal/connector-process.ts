import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

/** What the connector's process had used at a moment. */
export interface Mark {
  readonly cpuSeconds: number;
  /** Of its own clock, milliseconds. */
  readonly at: number;
  /** After a collection of its heap. */
  readonly rssBytes: number;
}

/** The connector in a process of its own: see `connector.ts`. */
export class ConnectorProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** Resolves once everything is loaded; nothing has begun. */
  static async start(dir: string, description: string, accounts = 1): Promise<ConnectorProcess> {
    const program = join(import.meta.dirname, "connector.ts");
    const child = spawn(process.execPath, ["--expose-gc", program, dir, description, String(accounts)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const started = new ConnectorProcess(child, createInterface({ input: child.stdout }));
    await started.#next();
    return started;
  }

  go(): void {
    this.#child.stdin?.write("go\n");
  }

  /** Once so many messages were handed on since it began, and its accounts are live. */
  async mark(count: number): Promise<Mark> {
    this.#child.stdin?.write(`mark ${count}\n`);
    return JSON.parse(await this.#next()) as Mark;
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #next(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error("the connector's process ended by itself");
    return line.value;
  }
}
