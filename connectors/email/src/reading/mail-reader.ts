import { Lane } from "@daybook/keeping";
import { Worker } from "node:worker_threads";
import type { Authenticity, ReadResult, Refusal, Resolve } from "./reading.ts";
import type { Answer, Ask } from "./thread-messages.ts";

export interface MailReaderOptions {
  /** For signatures; without it none is checked. */
  readonly resolve?: Resolve | undefined;
  /** For one message. Milliseconds. */
  readonly clockMs?: number;
  /** Bytes of a message that is read; of a larger one only the header block is. */
  readonly maxBytes?: number;
  /** Of the reading thread. MiB. */
  readonly heapMib?: number;
}

const CLOCK_MS = 10_000;
const MAX_BYTES = 50 * 1024 * 1024;
const HEAP_MIB = 256;
/**
 * Beside it, of what is young. Where more grows old at once than Node allows beyond the limit (16 MiB), the process ends and not the thread:
 * one of twelve times with V8's own size.
 */
const YOUNG_MIB = 6;

type Settled = Exclude<Answer, { what: "resolve" }>;

/**
 * Reads messages, one after another, in a thread with a clock and a heap of its own: whatever a message holds, what
 * comes of it is a reading or a refusal. The thread is made when it is needed, and made again when a message ended it.
 */
export class MailReader implements AsyncDisposable {
  readonly #options: MailReaderOptions;
  readonly #lane = new Lane();
  #thread: Worker | undefined;

  constructor(options: MailReaderOptions = {}) {
    this.#options = options;
  }

  /** Never rejects for anything that a message holds. */
  async read(message: Uint8Array): Promise<ReadResult> {
    if (message.length > (this.#options.maxBytes ?? MAX_BYTES)) return { refused: "size" };
    const answer = await this.#lane.run(() => this.#asked({ what: "read", message }));
    return answer.what === "read" ? { reading: answer.reading } : { refused: refusedOf(answer) };
  }

  /** What its signatures say; undefined where nobody asked for it to be checked. */
  async check(message: Uint8Array): Promise<Authenticity | undefined> {
    if (!this.#options.resolve) return undefined;
    const unchecked = { signatures: [], dns: [] };
    if (message.length > (this.#options.maxBytes ?? MAX_BYTES))
      return { ...unchecked, unchecked: "it is larger than is read" };
    const answer = await this.#lane.run(() => this.#asked({ what: "check", message }));
    if (answer.what === "checked") return answer.authenticity;
    const isLate = refusedOf(answer) === "time";
    return { ...unchecked, unchecked: isLate ? "it took too long" : "its signatures could not be read" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lane.idle();
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #asked(ask: Ask): Promise<Settled> {
    const thread = (this.#thread ??= this.#newThread());
    const answered = Promise.withResolvers<Settled>();
    const refuse = (refused: Refusal) => answered.resolve({ what: "refused", refused });
    const onMessage = (answer: Answer) => {
      if (answer.what === "resolve") void this.#resolve(thread, answer);
      else answered.resolve(answer);
    };
    const onError = (error: unknown) => {
      const isMemory = (error as { code?: unknown }).code === "ERR_WORKER_OUT_OF_MEMORY";
      refuse(isMemory ? "memory" : "unreadable");
    };
    const onExit = () => refuse("unreadable");
    const clock = setTimeout(() => refuse("time"), this.#options.clockMs ?? CLOCK_MS);
    thread.on("message", onMessage).on("error", onError).on("exit", onExit);
    thread.ref();
    thread.postMessage(ask);
    const answer = await answered.promise;
    clearTimeout(clock);
    thread.off("message", onMessage).off("exit", onExit);
    thread.unref();
    const isSpent = answer.what === "refused" && ["time", "memory", "unreadable"].includes(answer.refused);
    if (isSpent) {
      // What it still does, it does for nobody. The handler of errors stays: there may be one on its way.
      this.#thread = undefined;
      await thread.terminate();
    } else thread.off("error", onError);
    return answer;
  }

  async #resolve(thread: Worker, { question, name, type }: Answer & { what: "resolve" }): Promise<void> {
    let answer: Ask;
    try {
      const records = await this.#options.resolve?.(name, type);
      answer = { what: "resolved", question, ...(records ? { records } : { failed: "ENODATA" }) };
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      answer = { what: "resolved", question, failed: typeof code === "string" ? code : "EUNKNOWN" };
    }
    thread.postMessage(answer);
  }

  #newThread(): Worker {
    return new Worker(new URL("./thread.ts", import.meta.url), {
      // Nothing that it prints may reach a log: it holds what a message says.
      stdout: true,
      stderr: true,
      env: {},
      resourceLimits: {
        maxOldGenerationSizeMb: this.#options.heapMib ?? HEAP_MIB,
        maxYoungGenerationSizeMb: YOUNG_MIB,
        stackSizeMb: 4,
      },
    });
  }
}

function refusedOf(answer: Settled): Refusal {
  return answer.what === "refused" ? answer.refused : "unreadable";
}
