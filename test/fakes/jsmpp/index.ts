import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { jsmppLibraries } from "@daybook/lab";

/** One message for the SMSC to deliver. */
export interface Delivery {
  readonly source: string;
  readonly destination: string;
  readonly bytes: Uint8Array;
  readonly esmClass?: number;
  readonly dataCoding?: number;
}

type Smsc = ChildProcessByStdio<Writable, Readable, null>;

/** An SMSC that Daybook did not write: jSMPP's. It delivers each message until it is taken. */
export class Jsmpp {
  readonly port: number;
  readonly #child: Smsc;
  readonly #lines: AsyncIterator<string, undefined>;

  private constructor(child: Smsc, lines: AsyncIterator<string, undefined>, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** @throws {Error} where it is not installed: ask `hasJsmpp` */
  static async start(): Promise<Jsmpp> {
    const libraries = jsmppLibraries();
    if (libraries === undefined) throw new Error("jSMPP is missing: npm run lab -- --install");
    const args = [
      "-XX:TieredStopAtLevel=1",
      "-cp",
      join(libraries, "*"),
      join(import.meta.dirname, "Smsc.java"),
    ];
    const child = spawn("java", args, { stdio: ["pipe", "pipe", "ignore"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    if (done) throw new Error("jSMPP's SMSC ended before it listened");
    return new Jsmpp(child, lines, Number(value));
  }

  /** Resolves once it was taken. One after the other. @returns how often it was refused or lost before */
  async deliver({ source, destination, bytes, esmClass = 0, dataCoding = 0 }: Delivery): Promise<number> {
    const hex = Buffer.from(bytes).toString("hex");
    this.#child.stdin.write(`${[esmClass, dataCoding, source, destination, hex].join(" ")}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("jSMPP's SMSC ended");
    return Number(value);
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
  }
}

/** Whether this machine has it, and a Java that compiles. */
export function hasJsmpp(): boolean {
  if (jsmppLibraries() === undefined) return false;
  try {
    execFileSync("javac", ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** `describe` where jSMPP is there; else skipped, loudly. */
export function describeWithJsmpp(name: string, suite: () => void): void {
  if (hasJsmpp()) return describe(name, suite);
  process.stderr.write(`SKIPPED: ${name}: jSMPP or a JDK is missing: npm run lab -- --install\n`);
  describe.skip(name, suite);
}
