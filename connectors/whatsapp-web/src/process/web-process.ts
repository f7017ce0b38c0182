import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Ask,
  type EndReason,
  type FromSession,
  fromSession,
  type SessionSettings,
  type ToSession,
} from "../child/protocol.ts";
import { WebError } from "../error.ts";
import type { PagePort } from "../page-port.ts";
import { endThoseIn, endTree, memoryOf } from "./tree.ts";

const PROGRAM = join(import.meta.dirname, "../child/program.ts");
const MIB = 1024 * 1024;
/** What temporary folders are called; one that a crash left is of no use to anybody. */
export const TEMPORARY = "tmp-";
/** With `/tmp-XXXXXX/org.chromium.Chromium.XXXXXX/SingletonSocket` after it, 108 bytes. */
const MAX_DIR = 48;
const OVER = "the session ended";
const STOP_MS = 20_000;

export interface WebProcessOptions {
  readonly settings: SessionSettings;
  /** For the process, Chromium and all that it starts: more, and it is ended and started again. */
  readonly memoryMiB: number;
  /** Between two looks; three without a sign of life are too many. */
  readonly watchMs: number;
  /** Told of everything that the session says, in order, but answers. Never throws. */
  readonly heard: (message: Exclude<FromSession, { t: "answer" | "refused" }>) => void;
}

/** How a process ended: by the session's own word, or by ours. */
export type Ended =
  | { readonly why: EndReason; readonly detail: string }
  | { readonly why: "stopped" | "hung" | "too-large" | "died" | "unreadable"; readonly detail: string };

type Answer<Name extends Ask> = Awaited<ReturnType<PagePort[Name]>>;

/** One account's session in a process of its own, watched: it ends when it hangs or grows too large, and with this process. */
export class WebProcess {
  readonly #options: WebProcessOptions;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve: (value: unknown) => void; reject: (cause: Error) => void }>();
  readonly #watching: NodeJS.Timeout;
  readonly #temporary: string;
  #asks = 0;
  #browser: number | undefined;
  #missed = 0;
  #allowedBytes = 0;
  #said: Ended | undefined;
  #isOver = false;

  /** Resolves once nothing of it runs any more. */
  readonly ended: Promise<Ended>;

  constructor(options: WebProcessOptions) {
    this.#options = options;
    endThoseIn(profileOf(options.settings));
    this.#temporary = temporaryDir(options.settings.profile);
    this.#child = fork(PROGRAM, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning", "--max-old-space-size=256"],
      env: { PATH: process.env.PATH ?? "", HOME: options.settings.profile, TMPDIR: this.#temporary },
    });
    this.#child.on("message", (message) => this.#heard(message));
    // One that could not be started has no other end.
    this.ended = new Promise<void>((resolve) => {
      this.#child.on("exit", () => resolve());
      this.#child.on("error", () => resolve());
    }).then(() => this.#cleared());
    this.#watching = setInterval(() => this.#watch(), options.watchMs);
    this.#tell({ t: "start", settings: options.settings });
  }

  /** Lets it have so much more memory for a while: a file that is read is whole in the browser. */
  allow(bytes: number): void {
    this.#allowedBytes = bytes;
  }

  /** What was observed under this number is durable. */
  durable(batch: number): void {
    this.#tell({ t: "durable", batch });
  }

  /** Asks the page. @throws {WebError} `unavailable` when it could not answer, or the process ended */
  ask<Name extends Ask>(what: Name, ...args: readonly unknown[]): Promise<Answer<Name>> {
    if (this.#isOver) return Promise.reject(new WebError("unavailable", OVER));
    this.#asks += 1;
    const id = this.#asks;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#tell({ t: "ask", id, what, args });
    });
  }

  /** In good order: what was observed is handed on first, and Chromium's folder is whole then. */
  async stop(): Promise<Ended> {
    this.#said ??= { why: "stopped", detail: "" };
    this.#tell({ t: "stop" });
    const timer = setTimeout(() => this.kill(), STOP_MS);
    return this.ended.finally(() => clearTimeout(timer));
  }

  /** At once. */
  kill(): void {
    if (this.#child.pid !== undefined) endTree(this.#child.pid);
    this.#child.kill("SIGKILL");
  }

  #heard(message: unknown): void {
    const parsed = fromSession.safeParse(message);
    if (!parsed.success) return;
    const said = parsed.data;
    // That the page could not answer is none of its signs of life.
    if (said.t !== "refused") this.#missed = 0;
    if (said.t === "answer") return this.#answered(said.id, ({ resolve }) => resolve(said.value));
    if (said.t === "refused")
      return this.#answered(said.id, ({ reject }) => reject(new WebError("unavailable", said.why)));
    if (said.t === "browser") this.#browser = said.pid;
    if (said.t === "ended") this.#said ??= { why: said.why, detail: said.detail };
    this.#options.heard(said);
  }

  #answered(
    id: number,
    done: (asked: { resolve: (value: unknown) => void; reject: (cause: Error) => void }) => void,
  ): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked) done(asked);
  }

  #watch(): void {
    if (this.#child.pid === undefined) return;
    const memoryBytes = memoryOf(this.#child.pid);
    this.#missed += 1;
    if (this.#missed > 3) this.#give("hung", "no sign of life");
    if (memoryBytes > this.#options.memoryMiB * MIB + this.#allowedBytes)
      this.#give("too-large", "over its memory");
  }

  #give(why: "hung" | "too-large", detail: string): void {
    this.#said ??= { why, detail };
    this.kill();
  }

  #cleared(): Ended {
    clearInterval(this.#watching);
    if (this.#browser !== undefined) endTree(this.#browser);
    endThoseIn(profileOf(this.#options.settings));
    rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 5 });
    this.#isOver = true;
    for (const { reject } of this.#asked.values()) reject(new WebError("unavailable", OVER));
    this.#asked.clear();
    return this.#said ?? { why: "died", detail: "its process ended" };
  }

  #tell(message: ToSession): void {
    // What a process that has ended is told, nobody hears: `ended` says so.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}

/** For Chromium's own temporary files, beside its folder; but the sockets among them take no long path. */
function temporaryDir(profile: string): string {
  const beside = dirname(profile);
  mkdirSync(beside, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(beside.length <= MAX_DIR ? beside : tmpdir(), TEMPORARY));
}

/** Where whatsapp-web.js has Chromium keep its own. */
function profileOf({ profile }: SessionSettings): string {
  return join(profile, "session");
}
