import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Office } from "./office.ts";

const PROGRAM = join(import.meta.dirname, "..", "children", "capturer.ts");

/** One thing that is recorded: the archive makes one record of whatever has the same id and digest. */
export interface Recorded {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  /** Network id of the message that it is, or is about. */
  readonly about: string;
}

/** The connector in a process of its own, started anew whenever it was killed. */
export class Capturer {
  readonly output: string;
  readonly #office: Office;
  readonly #program: string;
  #child: ChildProcess | undefined;
  /** The last word of the link. */
  status = "";
  /** What becomes of messages in its sink, which answers nothing to them then; from its next start. */
  fault: "lost" | "kept" | undefined;
  isHolding = false;

  constructor(office: Office, program = PROGRAM) {
    this.#office = office;
    this.#program = program;
    this.output = join(office.dir, "stream");
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("it does not run");
    return this.#child.pid;
  }

  start(): void {
    const { dir, server } = this.#office;
    const args = [this.#program, dir, JSON.stringify(server.chromiumArgs), this.output, this.fault ?? ""];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (lines: Buffer) => {
      for (const line of lines.toString().trim().split("\n")) {
        if (line === "holding") this.isHolding = true;
        else this.status = line;
      }
    });
    this.status = "";
    this.#child = child;
  }

  get isOver(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async ended(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, "close");
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.ended();
    this.status = "";
  }

  /** Oldest first. Coverage and what is said of the link are left out. */
  get records(): Recorded[] {
    if (!existsSync(this.output)) return [];
    const records = new Map<string, Recorded>();
    for (const line of readFileSync(this.output, "utf8").split("\n").slice(0, -1)) {
      const [id, digest, kind, text, about] = JSON.parse(line) as [string, string, string, string, string];
      if (/^(coverage|linked|before-link|identity):/.test(id) || kind === "coverage") continue;
      const key = `${id} ${digest}`;
      if (!records.has(key)) records.set(key, { id, kind, text, about });
    }
    return [...records.values()];
  }
}
