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
  readonly tlvs?: readonly { readonly tag: number; readonly value: Uint8Array }[];
}

/** A PKCS #12 file with the key and certificate that it shows. */
export interface KeyStore {
  readonly path: string;
  readonly password: string;
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

  /** @param tls over TLS. @throws {Error} where it is not installed: ask `hasJsmpp` */
  static async start(tls?: KeyStore): Promise<Jsmpp> {
    const libraries = jsmppLibraries();
    if (libraries === undefined) throw new Error("jSMPP is missing: npm run lab -- --install");
    const args = [
      "-XX:TieredStopAtLevel=1",
      ...(tls
        ? [`-Djavax.net.ssl.keyStore=${tls.path}`, `-Djavax.net.ssl.keyStorePassword=${tls.password}`]
        : []),
      "-cp",
      join(libraries, "*"),
      join(import.meta.dirname, "Smsc.java"),
      ...(tls ? ["tls"] : []),
    ];
    const child = spawn("java", args, { stdio: ["pipe", "pipe", "ignore"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    if (done) throw new Error("jSMPP's SMSC ended before it listened");
    return new Jsmpp(child, lines, Number(value));
  }

  /** Resolves once it was taken. @returns how often it was refused or lost before */
  async deliver({ source, destination, bytes, ...of }: Delivery): Promise<number> {
    const { esmClass = 0, dataCoding = 0, tlvs = [] } = of;
    const optional = tlvs.map(({ tag, value }) => `${tag}:${hex(value)}`);
    return this.#order("deliver", esmClass, dataCoding, source, destination, hex(bytes), ...optional);
  }

  /** Writes bytes as they are on the connection of the session that is bound. */
  async write(bytes: Uint8Array, how: "raw" | "drip" = "raw"): Promise<void> {
    await this.#order(how, hex(bytes));
  }

  /**
   * Delivers so many messages, no two the same.
   *
   * @param of.window how many are unanswered at a time
   * @param of.length of each text, characters: 40 at least
   * @returns how long it took, milliseconds
   */
  async load(of: {
    readonly count: number;
    readonly window: number;
    readonly source: string;
    readonly destination: string;
    readonly length: number;
  }): Promise<number> {
    return (await this.#order("load", of.count, of.window, of.source, of.destination, of.length)) / 1_000;
  }

  /** One after the other. */
  async #order(...words: readonly (string | number)[]): Promise<number> {
    this.#child.stdin.write(`${words.join(" ")}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("jSMPP's SMSC ended");
    return Number(value);
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
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
