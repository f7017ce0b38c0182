// Seals events on a thread of its own: started by `event-sealer.ts`, one request, one answer, in order.
import { parentPort, workerData } from "node:worker_threads";
import { sealEvent } from "./seal-event.ts";
import { join, part, type SealingAnswer, type SealingData, type SealingRequest } from "./sealing-messages.ts";

const KEY_BYTES = 32;
const NOTHING = new Uint8Array();
const { namingKey } = workerData as SealingData;

function answer({ plaintexts }: SealingRequest): SealingAnswer {
  const sealed = plaintexts.ends.map((_, i) => sealEvent(part(plaintexts, i), namingKey));
  const sessionKeys = new Uint8Array(sealed.length * KEY_BYTES);
  const keys: [number, readonly string[]][] = [];
  for (const [i, one] of sealed.entries()) {
    if (!one) continue;
    sessionKeys.set(one.key.bytes, i * KEY_BYTES);
    if (one.keys.length > 0) keys.push([i, one.keys]);
  }
  return {
    ids: sealed.map((one) => one?.id ?? ""),
    recs: sealed.map((one) => one?.rec ?? ""),
    keys,
    jsons: join(sealed.map((one) => one?.json ?? NOTHING)),
    packets: join(sealed.map((one) => one?.packet ?? NOTHING)),
    sessionKeys,
  };
}

parentPort?.on("message", (request: SealingRequest) => {
  const made = answer(request);
  parentPort?.postMessage(made, [
    made.jsons.bytes.buffer,
    made.packets.bytes.buffer,
    made.sessionKeys.buffer,
  ]);
});
