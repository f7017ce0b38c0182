import { randomUUID } from "node:crypto";
import {
  StreamError,
  type StreamMessage,
  type StreamProducer,
  type StreamReader,
  type StreamTrimmer,
} from "../src/port.ts";

/** `lost`: nothing is kept. `kept`: it is kept and only the answer is lost. */
export type Fault = "lost" | "kept";

/** A stream that works, in memory, for tests of what stands on one. Topics need no announcing. */
export class MemoryStream implements StreamProducer, StreamReader, StreamTrimmer {
  /** Changes when the data is lost, as a stream's does. */
  id: string = randomUUID();
  /** What happens to the coming sends, in order. */
  readonly faults: Fault[] = [];
  readonly #partitions = new Map<string, { first: number; messages: StreamMessage[] }>();
  readonly #waiting = new Set<() => void>();
  #closed = false;

  async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    if (this.#closed) throw new StreamError("closed", "the stream is closed");
    const fault = this.faults.shift();
    if (fault === "lost") throw new StreamError("unavailable", "injected: lost");
    const kept = this.#partition(topic, partition);
    const offset = kept.first + kept.messages.length;
    kept.messages.push(
      ...payloads.map((payload, i) => ({ offset: offset + i, payload: Uint8Array.from(payload) })),
    );
    this.#wake();
    if (fault === "kept") throw new StreamError("unavailable", "injected: kept");
    return offset;
  }

  async range(topic: string, partition: number): Promise<{ first: number; next: number }> {
    const { first, messages } = this.#partition(topic, partition);
    return { first, next: first + messages.length };
  }

  async *read(
    topic: string,
    partition: number,
    from: number,
    limits: { maxMessages: number; maxBytes: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly StreamMessage[]> {
    const kept = this.#partition(topic, partition);
    let offset = from;
    while (!signal.aborted) {
      if (this.#closed) throw new StreamError("closed", "the stream is closed");
      const at = offset - kept.first;
      if (!Number.isSafeInteger(at) || at < 0 || at > kept.messages.length) {
        throw new StreamError("out-of-range", `the stream does not hold ${offset}`);
      }
      const batch: StreamMessage[] = [];
      let bytes = 0;
      for (const message of kept.messages.slice(at, at + limits.maxMessages)) {
        bytes += message.payload.length;
        if (batch.length > 0 && bytes > limits.maxBytes) break;
        batch.push(message);
      }
      offset += batch.length;
      if (batch.length > 0) yield batch;
      else await this.#change(signal);
    }
  }

  async trim(topic: string, partition: number, before: number): Promise<void> {
    const kept = this.#partition(topic, partition);
    const count = Math.max(0, Math.min(before - kept.first, kept.messages.length));
    kept.messages.splice(0, count);
    kept.first += count;
  }

  /** Loses everything, as a disk that was replaced: another id, offsets from 0. */
  lose(): void {
    this.id = randomUUID();
    this.#partitions.clear();
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
  }

  /** Opens again what was closed, with all it held. */
  reopen(): void {
    this.#closed = false;
  }

  #partition(topic: string, partition: number) {
    const name = `${topic}-${partition}`;
    const kept = this.#partitions.get(name) ?? { first: 0, messages: [] };
    this.#partitions.set(name, kept);
    return kept;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
