import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { SealingAnswer, SealingRequest } from "./sealing-messages.ts";

/** The young generation of its heap, MiB: a batch is soon done with, and more would only be memory. */
const SEMI_SPACE_MIB = 8;

interface Pending {
  readonly resolve: (answer: SealingAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A process that seals. It ends with this one, however that ends. */
export class SealingProcess {
  readonly #child: ChildProcess;
  /** In the order in which they were asked, which is that of the answers. */
  readonly #pending: Pending[] = [];
  readonly #over: Promise<void>;
  #ended: Error | undefined;

  constructor() {
    this.#child = fork(join(import.meta.dirname, "sealing-program.ts"), [], {
      execArgv: [`--max-semi-space-size=${SEMI_SPACE_MIB}`],
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.on("message", (answer: SealingAnswer) => this.#pending.shift()?.resolve(answer));
    this.#child.on("error", (error) => this.#fail(error));
    this.#child.on("disconnect", () => this.#fail(new Error("the sealing process ended")));
    this.#over = once(this.#child, "exit").then(
      () => undefined,
      () => undefined,
    );
  }

  /** Whether it can be asked: after it ended by itself it cannot. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** @throws {Error} when it ended, or ends before it has answered */
  async seal(request: SealingRequest): Promise<SealingAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#pending.push({ resolve, reject });
      this.#child.send(request, (error) => error && this.#fail(error));
    });
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#over;
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#ended);
  }
}
