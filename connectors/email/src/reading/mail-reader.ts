import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Known, Question } from "./program-messages.ts";
import type { Authenticity, ReadResult, Refusal, Resolve } from "./reading.ts";
import { ReadingLane } from "./reading-lane.ts";

export interface MailReaderOptions {
  /** For signatures; without it none is checked. */
  readonly resolve?: Resolve | undefined;
  /** For one message. Milliseconds. */
  readonly clockMs?: number;
  /** For what is asked of the DNS about one message, together. Milliseconds. */
  readonly dnsMs?: number;
  /** Bytes of a message that is read; of a larger one only the header block is. */
  readonly maxBytes?: number;
  /** Of a reading process. MiB. */
  readonly heapMib?: number;
}

const CLOCK_MS = 10_000;
const DNS_MS = 5_000;
const MAX_BYTES = 50 * 1024 * 1024;
const HEAP_MIB = 256;
/** What takes long, and was made to, is larger: nearly all mail is not, and does not wait for it. */
const SMALL_BYTES = 256 * 1024;
/** Questions of a check depend on answers where seal is set on seal. */
const MAX_ROUNDS = 12;

/**
 * Reads messages in processes with a clock and a heap of their own: whatever a message holds, what comes of it is a reading
 * or a refusal. One after another, the large ones by themselves; nobody waits for what another's message asks of the DNS.
 */
export class MailReader implements AsyncDisposable {
  readonly #options: MailReaderOptions;
  readonly #small: ReadingLane;
  readonly #large: ReadingLane;

  constructor(options: MailReaderOptions = {}) {
    this.#options = options;
    const { clockMs = CLOCK_MS, heapMib = HEAP_MIB } = options;
    this.#small = new ReadingLane({ clockMs, heapMib });
    this.#large = new ReadingLane({ clockMs, heapMib });
  }

  /** Never rejects for anything that a message holds. @throws {ConnectorError} retryable, when the system gives no process */
  async read(message: Uint8Array): Promise<ReadResult> {
    if (message.length > this.#maxBytes) return { refused: "size" };
    const answer = await this.#laneOf(message).answerTo({ what: "read", message });
    return answer.what === "read" ? { reading: answer.reading } : { refused: refusedOf(answer) };
  }

  /** What its signatures say; undefined where nobody asked for it to be checked. Rejects as `read` does. */
  async check(message: Uint8Array): Promise<Authenticity | undefined> {
    const { resolve } = this.#options;
    if (!resolve) return undefined;
    const unchecked = { signatures: [], dns: [] };
    if (message.length > this.#maxBytes) return { ...unchecked, unchecked: "it is larger than is read" };
    const known: Known[] = [];
    let leftMs = this.#options.dnsMs ?? DNS_MS;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const answer = await this.#laneOf(message).answerTo({ what: "check", message, known });
      if (answer.what === "checked") return answer.authenticity;
      if (answer.what !== "needs") {
        const isLate = refusedOf(answer) === "time";
        return { ...unchecked, unchecked: isLate ? "it took too long" : "its signatures could not be read" };
      }
      const askedAt = performance.now();
      known.push(...(await answersTo(answer.questions, resolve, leftMs)));
      leftMs = Math.max(0, leftMs - (performance.now() - askedAt));
    }
    return { ...unchecked, unchecked: "its seals ask more of the DNS than is asked" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#small.end(), this.#large.end()]);
  }

  get #maxBytes(): number {
    return this.#options.maxBytes ?? MAX_BYTES;
  }

  #laneOf(message: Uint8Array): ReadingLane {
    return message.length > SMALL_BYTES ? this.#large : this.#small;
  }
}

/** What the DNS says within that time. */
async function answersTo(
  questions: readonly Question[],
  resolve: Resolve,
  withinMs: number,
): Promise<readonly Known[]> {
  const over = new AbortController();
  const late = sleep(withinMs, undefined, { signal: over.signal }).catch(() => undefined);
  const answers = questions.map(async ({ name, type }): Promise<Known> => {
    try {
      const records = await Promise.race([resolve(name, type), late]);
      return records ? { name, type, records } : { name, type, failed: "ETIMEOUT" };
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      return { name, type, failed: typeof code === "string" ? code : "EUNKNOWN" };
    }
  });
  return Promise.all(answers).finally(() => over.abort());
}

function refusedOf(answer: Answer): Refusal {
  return answer.what === "refused" ? answer.refused : "unreadable";
}
