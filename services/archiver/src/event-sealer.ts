import type { KeyObject } from "node:crypto";
import { Worker } from "node:worker_threads";
import { SessionKey } from "@daybook/openpgp";
import { ArchiverError } from "./error.ts";
import { sealEvent, type SealedEvent } from "./seal-event.ts";
import { join, part, type SealingAnswer, type SealingData, type SealingRequest } from "./sealing-messages.ts";

/** Batches from this size on are worth the way to another thread. */
const THREAD_FROM = 64;
const KEY_BYTES = 32;
const YOUNG_MIB = 12;

/** Seals batches of events. */
export interface EventSealer extends AsyncDisposable {
  /** @returns for each plaintext the sealed event; undefined for what is malformed */
  seal(plaintexts: readonly Uint8Array[]): Promise<(SealedEvent | undefined)[]>;
}

/**
 * Seals small batches at once, and large ones on a thread of its own, started when the first comes: sealing is half
 * of the archiver's work, and it would leave the other half, and whatever else the process does, waiting.
 */
export function createEventSealer(namingKey: KeyObject): EventSealer {
  let thread: SealingThread | undefined;
  return {
    async seal(plaintexts) {
      if (plaintexts.length < THREAD_FROM) return plaintexts.map((one) => sealEvent(one, namingKey));
      thread ??= new SealingThread(namingKey);
      return thread.seal(plaintexts);
    },
    async [Symbol.asyncDispose]() {
      await thread?.end();
    },
  };
}

interface Pending {
  readonly resolve: (answer: SealingAnswer) => void;
  readonly reject: (error: unknown) => void;
}

class SealingThread {
  readonly #worker: Worker;
  /** In the order in which they were asked, which is that of the answers. */
  readonly #pending: Pending[] = [];
  #ended: ArchiverError | undefined;

  constructor(namingKey: KeyObject) {
    const workerData: SealingData = { namingKey };
    this.#worker = new Worker(new URL("./sealing-thread.ts", import.meta.url), {
      name: "sealing",
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    this.#worker.on("message", (answer: SealingAnswer) => this.#pending.shift()?.resolve(answer));
    this.#worker.on("error", (cause) => {
      this.#fail(new ArchiverError("stopped", "the sealing thread failed", { cause }));
    });
    this.#worker.on("exit", () => this.#fail(new ArchiverError("stopped", "the sealing thread ended")));
  }

  async seal(plaintexts: readonly Uint8Array[]): Promise<(SealedEvent | undefined)[]> {
    const answer = await new Promise<SealingAnswer>((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#pending.push({ resolve, reject });
      const request: SealingRequest = { plaintexts: join(plaintexts) };
      this.#worker.postMessage(request, [request.plaintexts.bytes.buffer]);
    });
    return eventsOf(answer);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: ArchiverError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#ended);
  }
}

function eventsOf(answer: SealingAnswer): (SealedEvent | undefined)[] {
  const keys = new Map(answer.keys);
  return answer.ids.map((id, i) => {
    if (id === "") return undefined;
    return {
      id,
      json: part(answer.jsons, i),
      keys: keys.get(i) ?? [],
      rec: answer.recs[i] as string,
      packet: part(answer.packets, i),
      key: new SessionKey(answer.sessionKeys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES)),
    };
  });
}
