import { StreamError } from "../port.ts";

/** A batch takes at most this much, bytes, unless one payload alone is larger, and so many payloads. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_PAYLOADS = 8_192;

interface Send {
  readonly payloads: readonly Uint8Array[];
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
  /** Payloads that are acknowledged or in the batch that is out. */
  taken: number;
  first: number | undefined;
}

/** Writes one batch and answers with the offset of its first payload, once all are durable. */
export type Deliver = (payloads: readonly Uint8Array[]) => Promise<number>;

/**
 * The way to one partition. Never is more than one batch out: kafkajs with several loses acknowledged messages or
 * their order when an answer is lost. What is sent meanwhile is grouped into the next batch.
 */
export class Lane {
  readonly #deliver: Deliver;
  readonly #queueBytes: number;
  #queue: Send[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(deliver: Deliver, queueBytes: number) {
    this.#deliver = deliver;
    this.#queueBytes = queueBytes;
  }

  /** As `StreamProducer.send`; `payloads` is not empty. */
  send(payloads: readonly Uint8Array[]): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new StreamError("closed", "the stream is closed");
      const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
      if (this.#queue.length > 0 && this.#queuedBytes + bytes > this.#queueBytes) {
        throw new StreamError("unavailable", "too much waits to be sent to the partition: repeat later");
      }
      this.#queue.push({ payloads, resolve, reject, taken: 0, first: undefined });
      this.#queuedBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Takes nothing more, and resolves when all that it took is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const { payloads, bytes, starts } = this.#nextBatch();
      try {
        const base = await this.#deliver(payloads);
        for (const [send, at] of starts) send.first ??= base + at;
        this.#queuedBytes -= bytes;
        this.#answer();
      } catch (error) {
        this.#refuseAll(error);
      }
    }
    this.#running = undefined;
  }

  /** `starts`: where in the batch each send's part begins. */
  #nextBatch(): { payloads: Uint8Array[]; bytes: number; starts: Map<Send, number> } {
    const payloads: Uint8Array[] = [];
    const starts = new Map<Send, number>();
    let bytes = 0;
    for (const send of this.#queue) {
      for (const payload of send.payloads.slice(send.taken)) {
        const isFull = bytes + payload.length > BATCH_BYTES || payloads.length === BATCH_PAYLOADS;
        if (isFull && payloads.length > 0) return { payloads, bytes, starts };
        if (!starts.has(send)) starts.set(send, payloads.length);
        payloads.push(payload);
        bytes += payload.length;
        send.taken += 1;
      }
    }
    return { payloads, bytes, starts };
  }

  #answer(): void {
    let done = 0;
    for (const { taken, payloads, first, resolve } of this.#queue) {
      if (taken < payloads.length || first === undefined) break;
      resolve(first);
      done += 1;
    }
    this.#queue.splice(0, done);
  }

  // What waited behind a batch that could not be sent has waited as long: its sender decides, not a growing queue.
  #refuseAll(error: unknown): void {
    const refused = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const { reject } of refused) reject(error);
  }
}
