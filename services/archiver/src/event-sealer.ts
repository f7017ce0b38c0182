import type { KeyObject } from "node:crypto";
import { SessionKey } from "@daybook/openpgp";
import type { Logger } from "@daybook/runtime";
import { sealEvent, type SealedEvent } from "./seal-event.ts";
import { join, KEY_BYTES, part, REC_CHARACTERS, type SealingAnswer } from "./sealing-messages.ts";
import { SealingProcess } from "./sealing-process.ts";

/** Batches from this size on are worth the way to another process. */
const PROCESS_FROM = 64;

/** Seals batches of events. */
export interface EventSealer extends AsyncDisposable {
  /** @returns for each plaintext the sealed event; undefined for what is malformed */
  seal(plaintexts: readonly Uint8Array[]): Promise<(SealedEvent | undefined)[]>;
}

/**
 * Seals small batches at once, and large ones in a process of its own, started when the first comes: sealing is half
 * of the archiver's work, and it would leave the other half, and whatever else this process does, waiting. What that
 * process does not answer for is sealed here, and the next large batch has another.
 *
 * A process and no thread: V8 may abort while one isolate of a process compiles and another is torn down.
 */
export function createEventSealer(namingKey: KeyObject, log: Logger): EventSealer {
  let process: SealingProcess | undefined;
  return {
    async seal(plaintexts) {
      const here = () => plaintexts.map((one) => sealEvent(one, namingKey));
      if (plaintexts.length < PROCESS_FROM) return here();
      if (!process?.alive) process = new SealingProcess();
      try {
        return eventsOf(await process.seal({ namingKey: namingKey.export(), plaintexts: join(plaintexts) }));
      } catch (err) {
        log.warn({ err }, "the sealing process ended by itself: its batch is sealed without it");
        return here();
      }
    },
    async [Symbol.asyncDispose]() {
      await process?.end();
    },
  };
}

function eventsOf(answer: SealingAnswer): (SealedEvent | undefined)[] {
  return answer.ids.map((id, i) => (id === "" ? undefined : new AnsweredEvent(answer, i)));
}

/**
 * One event of an answer, cut from it when it is asked for. Tens of thousands wait for their segments at a time, and
 * the heap's collector, which goes through all of them again and again, is a quarter of what archiving costs.
 */
class AnsweredEvent implements SealedEvent {
  readonly #answer: SealingAnswer;
  readonly #at: number;

  constructor(answer: SealingAnswer, at: number) {
    this.#answer = answer;
    this.#at = at;
  }

  get id(): string {
    return this.#answer.ids[this.#at] as string;
  }

  get json(): Uint8Array {
    return part(this.#answer.jsons, this.#at);
  }

  get keys(): readonly string[] {
    return this.#answer.keys.get(this.#at) ?? [];
  }

  get rec(): string {
    return this.#answer.recs.slice(this.#at * REC_CHARACTERS, (this.#at + 1) * REC_CHARACTERS);
  }

  get packet(): Uint8Array {
    return part(this.#answer.packets, this.#at);
  }

  get key(): SessionKey {
    return new SessionKey(
      this.#answer.sessionKeys.subarray(this.#at * KEY_BYTES, (this.#at + 1) * KEY_BYTES),
    );
  }
}
