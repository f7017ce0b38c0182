import { join } from "node:path";
import { Lane, ReadingEnded, ReadingProcess } from "@daybook/keeping";
import type { Authenticity, ReadResult, Refusal, Resolve } from "./reading.ts";
import type { Answer, Ask } from "./program-messages.ts";

export interface MailReaderOptions {
  /** For signatures; without it none is checked. */
  readonly resolve?: Resolve | undefined;
  /** For one message. Milliseconds. */
  readonly clockMs?: number;
  /** Bytes of a message that is read; of a larger one only the header block is. */
  readonly maxBytes?: number;
  /** Of the reading process. MiB. */
  readonly heapMib?: number;
}

const PROGRAM = join(import.meta.dirname, "program.ts");
const CLOCK_MS = 10_000;
const MAX_BYTES = 50 * 1024 * 1024;
const HEAP_MIB = 256;

type Settled = Exclude<Answer, { what: "resolve" }>;
type Reading = ReadingProcess<Ask, Answer>;

/**
 * Reads messages, one after another, in a process with a clock and a heap of its own: whatever a message holds, what
 * comes of it is a reading or a refusal. The process is made when it is needed, and made again when a message ended it.
 */
export class MailReader implements AsyncDisposable {
  readonly #options: MailReaderOptions;
  readonly #lane = new Lane();
  #process: Reading | undefined;

  constructor(options: MailReaderOptions = {}) {
    this.#options = options;
  }

  /** Never rejects for anything that a message holds. @throws {Error} when the system gives no process */
  async read(message: Uint8Array): Promise<ReadResult> {
    if (message.length > (this.#options.maxBytes ?? MAX_BYTES)) return { refused: "size" };
    const answer = await this.#lane.run(() => this.#asked({ what: "read", message }));
    return answer.what === "read" ? { reading: answer.reading } : { refused: refusedOf(answer) };
  }

  /** What its signatures say; undefined where nobody asked for it to be checked. Rejects as `read` does. */
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
    await this.#end();
  }

  async #asked(ask: Ask): Promise<Settled> {
    const reading = (this.#process ??= new ReadingProcess<Ask, Answer>(
      PROGRAM,
      this.#options.heapMib ?? HEAP_MIB,
    ));
    const late = new AbortController();
    late.signal.addEventListener("abort", () => void reading.end());
    let clock: NodeJS.Timeout | undefined;
    try {
      await reading.tell(ask);
      clock = setTimeout(() => late.abort(), this.#options.clockMs ?? CLOCK_MS);
      for (;;) {
        const answer = await reading.next();
        if (answer.what !== "resolve") return answer;
        void this.#resolve(reading, answer);
      }
    } catch (error) {
      await this.#end();
      if (!(error instanceof ReadingEnded)) throw error;
      const why: Refusal = error.isMemory ? "memory" : "unreadable";
      return { what: "refused", refused: late.signal.aborted ? "time" : why };
    } finally {
      clearTimeout(clock);
    }
  }

  async #resolve(reading: Reading, { question, name, type }: Answer & { what: "resolve" }): Promise<void> {
    let answer: Ask;
    try {
      const records = await this.#options.resolve?.(name, type);
      answer = { what: "resolved", question, ...(records ? { records } : { failed: "ENODATA" }) };
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      answer = { what: "resolved", question, failed: typeof code === "string" ? code : "EUNKNOWN" };
    }
    await reading.tell(answer);
  }

  async #end(): Promise<void> {
    await this.#process?.end();
    this.#process = undefined;
  }
}

function refusedOf(answer: Settled): Refusal {
  return answer.what === "refused" ? answer.refused : "unreadable";
}
