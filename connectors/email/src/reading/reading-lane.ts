import { join } from "node:path";
import { Lane, ReadingEnded, ReadingProcess } from "@daybook/keeping";
import type { Answer, Ask } from "./program-messages.ts";

const PROGRAM = join(import.meta.dirname, "program.ts");

/**
 * One reading process, which does one thing after another. It is made when it is needed, and made again when a message
 * ended it.
 */
export class ReadingLane {
  readonly #lane = new Lane();
  readonly #limits: { readonly clockMs: number; readonly heapMib: number };
  #process: ReadingProcess<Ask, Answer> | undefined;

  /** @param limits.clockMs for one thing, from when the process is there @param limits.heapMib of the process */
  constructor(limits: { readonly clockMs: number; readonly heapMib: number }) {
    this.#limits = limits;
  }

  /** Never rejects for anything that a message holds. @throws {ConnectorError} retryable, when the system gives no process */
  answerTo(ask: Ask): Promise<Answer> {
    return this.#lane.run(() => this.#ask(ask));
  }

  /** Once all is answered. */
  async end(): Promise<void> {
    await this.#lane.idle();
    await this.#endProcess();
  }

  async #ask(ask: Ask): Promise<Answer> {
    const reading = (this.#process ??= new ReadingProcess(PROGRAM, this.#limits.heapMib));
    const late = new AbortController();
    late.signal.addEventListener("abort", () => void reading.end());
    let clock: NodeJS.Timeout | undefined;
    try {
      await reading.ready();
      clock = setTimeout(() => late.abort(), this.#limits.clockMs);
      await reading.tell(ask);
      return await reading.next();
    } catch (error) {
      await this.#endProcess();
      if (!(error instanceof ReadingEnded)) throw error;
      const why = error.isMemory ? "memory" : "unreadable";
      return { what: "refused", refused: late.signal.aborted ? "time" : why };
    } finally {
      clearTimeout(clock);
    }
  }

  async #endProcess(): Promise<void> {
    await this.#process?.end();
    this.#process = undefined;
  }
}
