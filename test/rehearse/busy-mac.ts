import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { cachedProgram } from "@daybook/lab";
import { started } from "../started.ts";
import { type Daybook, runCommand } from "../e2e/support/daybook.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NODE = join(ROOT, "node_modules/.bin/node");
const BIN = join(ROOT, "services/cli/bin/daybook.js");
const GROW = join(ROOT, "test/fakes/imessage/grow.ts");

/** What Messages did: see `test/fakes/imessage/grow.ts`. */
export interface Did {
  readonly messages: number;
  readonly edits: number;
  readonly unsends: number;
  readonly tapbacks: number;
  readonly deleted: number;
  readonly files: number;
}

/** A Mac whose Messages goes on writing, and the agent on it: each a process of its own. */
export class BusyMac {
  readonly #daybook: Daybook;
  readonly #home: string;
  readonly #messages: ChildProcess;
  readonly path: string;
  #agent: ChildProcess | undefined;

  private constructor(daybook: Daybook, messages: ChildProcess, dir: string) {
    this.#daybook = daybook;
    this.#messages = messages;
    this.#home = join(daybook.dir, "agent");
    this.path = join(dir, "chat.db");
  }

  static async start(daybook: Daybook): Promise<BusyMac> {
    const dir = join(daybook.dir, "Messages");
    const messages = spawn(NODE, [GROW, dir], { stdio: ["pipe", "pipe", "inherit"] });
    await started(messages);
    return new BusyMac(daybook, messages, dir);
  }

  /** Rows of messages that are in the database now. */
  get rows(): number {
    const db = new DatabaseSync(this.path, { readOnly: true });
    const { n } = db.prepare("SELECT count(*) AS n FROM message").get() as { n: number };
    db.close();
    return n;
  }

  async enrol(code: string, server: string): Promise<void> {
    const of = ["--home", this.#home, "--code", code, "--server", server];
    await this.#daybook.json(["agent", "enrol", ...of]);
  }

  startAgent(): void {
    const of = ["agent", "imessage", "--home", this.#home, "--database", this.path];
    this.#agent = spawn(NODE, [BIN, ...of], { env: this.#daybook.env(), stdio: "ignore" });
  }

  /** Resolves when the agent has ended. */
  async stopAgent(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (!agent || agent.exitCode !== null || agent.signalCode !== null) return;
    agent.kill(signal);
    await once(agent, "exit");
  }

  /** Messages writes no more. */
  async quiet(): Promise<Did> {
    const said = once(this.#messages.stdout!, "data") as Promise<[Buffer]>;
    const ended = once(this.#messages, "exit");
    this.#messages.stdin!.end();
    const [[bytes]] = await Promise.all([said, ended]);
    return JSON.parse(bytes.toString()) as Did;
  }

  /** What imessage-exporter reads of the database, which is not ours; undefined where it is missing. */
  async judged(): Promise<{ text: string; counts: string } | undefined> {
    const exporter = cachedProgram("imessage-exporter");
    if (!exporter) return undefined;
    const out = join(this.#daybook.dir, "judged");
    const env = { ...process.env, TZ: "UTC", HOME: this.#daybook.dir };
    const of = ["-p", this.path, "-a", "macOS"];
    const wrote = await runCommand(exporter, ["-f", "txt", ...of, "-o", out], { env });
    const counted = await runCommand(exporter, ["-d", ...of], { env });
    if (wrote.code !== 0 || counted.code !== 0) throw new Error("imessage-exporter cannot read the database");
    const names = (await readdir(out)).filter((name) => name.endsWith(".txt"));
    const texts = await Promise.all(names.map((name) => readFile(join(out, name), "utf8")));
    return { text: texts.join("\n"), counts: counted.stdout };
  }

  /** Ends what is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent("SIGKILL");
    this.#messages.kill("SIGKILL");
  }
}
