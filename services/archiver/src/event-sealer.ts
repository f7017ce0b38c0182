import type { KeyObject } from "node:crypto";
import { SessionKey } from "@daybook/openpgp";
import type { Logger } from "@daybook/runtime";
import { sealEvent, type SealedEvent } from "./seal-event.ts";
import { join, KEY_BYTES, part, type SealingAnswer } from "./sealing-messages.ts";
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
