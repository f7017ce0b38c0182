// Seals events on a thread of its own: started by `event-sealer.ts`, one request, one answer, in order.
import { parentPort, workerData } from "node:worker_threads";
import { sealEvent } from "./seal-event.ts";
import type { SealingAnswer, SealingData, SealingRequest } from "./sealing-messages.ts";

const KEY_BYTES = 32;
const { namingKey } = workerData as SealingData;

function answer({ plaintexts, ends }: SealingRequest): SealingAnswer {
  const ids: string[] = [];
  const jsons: string[] = [];
  const recs: string[] = [];
  const keys: [number, readonly string[]][] = [];
  const packets: Uint8Array[] = [];
  const packetEnds: number[] = [];
  const sessionKeys = new Uint8Array(ends.length * KEY_BYTES);
  let start = 0;
  let length = 0;
  for (const [i, end] of ends.entries()) {
    const sealed = sealEvent(plaintexts.subarray(start, end), namingKey);
    start = end;
    ids.push(sealed?.id ?? "");
    jsons.push(sealed?.json ?? "");
    recs.push(sealed?.rec ?? "");
    if (sealed) {
      if (sealed.keys.length > 0) keys.push([i, sealed.keys]);
      sessionKeys.set(sealed.key.bytes, i * KEY_BYTES);
      packets.push(sealed.packet);
      length += sealed.packet.length;
    }
    packetEnds.push(length);
  }
  const joined = new Uint8Array(length);
  let at = 0;
  for (const packet of packets) {
    joined.set(packet, at);
    at += packet.length;
  }
  return { ids, jsons, recs, keys, packets: joined, ends: packetEnds, sessionKeys };
}

parentPort?.on("message", (request: SealingRequest) => {
  const made = answer(request);
  parentPort?.postMessage(made, [made.packets.buffer, made.sessionKeys.buffer]);
});
