import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand } from "../e2e/support/daybook.ts";
import type { Place } from "./settings.ts";

const root = resolve(import.meta.dirname, "../..");
export const NODE = join(root, "node_modules/.bin/node");
export const DAYBOOK = join(root, "services/cli/bin/daybook.js");
const POLL_MS = 50;
const READY_MS = 60_000;

/** One service of a deployment as a process of its own. */
export class ServiceProcess {
  readonly place: Place;
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: string;
  readonly #program: readonly string[];
  #child: ChildProcess | undefined;

  /**
   * @param log a file for what it prints
   * @param program what Node is told to run
   */
  constructor(
    place: Place,
    env: NodeJS.ProcessEnv,
    log: string,
    program: readonly string[] = [DAYBOOK, "run", place.service],
  ) {
    this.place = place;
    this.#env = env;
    this.#log = log;
    this.#program = program;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it finds in its environment. */
  get settings(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** What it has printed so far, in every life. */
  get output(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Starts it, without waiting for it to be ready. */
  start(more: NodeJS.ProcessEnv = {}): void {
    const output = openSync(this.#log, "a", 0o600);
    this.#child = spawn(NODE, [...this.#program], {
      env: { ...this.#env, ...more },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
  }

  /** Runs it to its end: for a start that must fail. */
  async refuse(more: NodeJS.ProcessEnv): Promise<{ code: number | null; line: string }> {
    const { code, stderr } = await runCommand(NODE, [DAYBOOK, "run", this.place.service], {
      env: { ...this.#env, ...more },
    });
    return { code, line: stderr };
  }

  /** Resolves when it says that it is ready. @throws {Error} with the end of its output when it ends before */
  async ready(timeoutMs = READY_MS): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (!(await this.isReady())) {
      if (!this.isRunning || Date.now() > until)
        throw new Error(`${this.place.name} is not ready: ${this.output.slice(-3_000)}`);
      await sleep(POLL_MS);
    }
  }

  async isReady(): Promise<boolean> {
    const url = `http://127.0.0.1:${this.place.operationsPort}/readyz`;
    return fetch(url, { signal: AbortSignal.timeout(3_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** The value of a metric without labels, or the sum over its labels; undefined when it is not there. */
  async metric(name: string): Promise<number | undefined> {
    const url = `http://127.0.0.1:${this.place.operationsPort}/metrics`;
    const text = await (await fetch(url, { signal: AbortSignal.timeout(3_000) })).text();
    const lines = text
      .split("\n")
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return lines.length === 0
      ? undefined
      : lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** Resolves when it has ended, whatever ends it, with its exit code. */
  async ended(): Promise<number | null> {
    if (this.#child && this.isRunning) await once(this.#child, "exit");
    return this.#child?.exitCode ?? null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it, and resolves with its exit code, or null when a signal ended it. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (!child || !this.isRunning) return child?.exitCode ?? null;
    const ended = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT");
    await ended;
    return child.exitCode;
  }
}
