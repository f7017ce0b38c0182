import { type ChildProcess, fork } from "node:child_process";
import { on, once } from "node:events";
import { getCompileCacheDir } from "node:module";
import { ConnectorError } from "@daybook/contract";

/** That a reading process ended before it had answered. */
export class ReadingEnded extends Error {
  /** Whether for want of memory: as V8 ends a process, or the system does. */
  readonly isMemory: boolean;

  constructor(signal: NodeJS.Signals | null) {
    super("a reading process ended");
    this.name = "ReadingEnded";
    this.isMemory = signal !== null && ENDS_FOR_MEMORY.includes(signal);
  }
}

const ENDS_FOR_MEMORY: readonly NodeJS.Signals[] = ["SIGABRT", "SIGTRAP", "SIGILL", "SIGKILL"];

/** In which a process is there, however busy the system is. */
const STARTING_MS = 60_000;

/**
 * A program (`serveReading`) that reads what a stranger made, in a process with a heap of its own: whatever that holds, it
 * ends nobody else. It has no environment (but where what was compiled lies) and prints nowhere: what it would say holds what it reads. It ends
 * with this process, however that ends, and keeps nobody waiting for it who does not wait for an answer.
 */
export class ReadingProcess<Ask, Answer> {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<[Answer]>;
  readonly #started: Promise<IteratorResult<unknown>>;
  readonly #exited: Promise<unknown>;
  readonly #gone: Promise<unknown>;

  /** @param heapMib of what V8 keeps, MiB; buffers are beside it */
  constructor(program: string, heapMib: number) {
    const compiled = getCompileCacheDir();
    this.#child = fork(program, [], {
      execArgv: [`--max-old-space-size=${heapMib}`],
      env: compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#answers = on(this.#child, "message", { close: ["disconnect"] }) as AsyncIterator<[Answer]>;
    this.#exited = once(this.#child, "exit").catch(() => undefined);
    this.#gone = once(this.#child, "disconnect").catch(() => undefined);
    const late = setTimeout(() => void this.end(), STARTING_MS);
    this.#started = this.#waitingFor(this.#answers.next()).finally(() => clearTimeout(late));
    // Whoever tells it something is told.
    this.#started.catch(() => undefined);
  }

  /**
   * Resolves once it runs.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: the system gives no process, or it does not start
   */
  async ready(): Promise<void> {
    const { done } = await this.#started.catch((cause: unknown) => {
      throw new ConnectorError("store-unavailable", "the system gives no reading process", { cause });
    });
    if (done) throw new ConnectorError("store-unavailable", "a reading process did not start");
  }

  /** Resolves once it may be told more. That it is over since it was ready is what `next` tells. @throws as `ready` does */
  async tell(ask: Ask): Promise<void> {
    await this.ready();
    const taken = new Promise<void>((resolve) => this.#child.send(ask as object, () => resolve()));
    await Promise.race([taken, this.#gone]);
  }

  /** What it answers next. @throws {ReadingEnded} */
  async next(): Promise<Answer> {
    const answer = await this.#waitingFor(this.#answers.next());
    if (!answer.done) return answer.value[0];
    await this.#exited;
    throw new ReadingEnded(this.#child.signalCode);
  }

  /** At once. It may be ended again. */
  async end(): Promise<void> {
    this.#child.ref();
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #waitingFor<T>(work: Promise<T>): Promise<T> {
    this.#child.ref();
    this.#child.channel?.ref();
    try {
      return await work;
    } finally {
      this.#child.unref();
      this.#child.channel?.unref();
    }
  }
}
