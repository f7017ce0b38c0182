// Seals events in a process of its own: started by `sealing-process.ts`; one request, one answer, in order.
import { createSecretKey } from "node:crypto";
import { sealEvent } from "./seal-event.ts";
import {
  join,
  KEY_BYTES,
  part,
  REC_CHARACTERS,
  type SealingAnswer,
  type SealingRequest,
} from "./sealing-messages.ts";

const NOTHING = new Uint8Array();
const NO_REC = "0".repeat(REC_CHARACTERS);

function answer({ namingKey, plaintexts }: SealingRequest): SealingAnswer {
  const naming = createSecretKey(namingKey);
  const sealed = plaintexts.ends.map((_, i) => sealEvent(part(plaintexts, i), naming));
  const sessionKeys = new Uint8Array(sealed.length * KEY_BYTES);
  const keys = new Map<number, readonly string[]>();
  for (const [i, one] of sealed.entries()) {
    if (!one) continue;
    sessionKeys.set(one.key.bytes, i * KEY_BYTES);
    if (one.keys.length > 0) keys.set(i, one.keys);
  }
  return {
    ids: sealed.map((one) => one?.id ?? ""),
    recs: sealed.map((one) => one?.rec ?? NO_REC).join(""),
    keys,
    jsons: join(sealed.map((one) => one?.json ?? NOTHING)),
    packets: join(sealed.map((one) => one?.packet ?? NOTHING)),
    sessionKeys,
  };
}

// A terminal and a service manager tell every process of the group to end: this one ends with its parent's channel.
// SIGUSR1 would open the inspector.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"]) process.on(signal, () => undefined);

process.on("message", (request: SealingRequest) => {
  // Where the parent is gone there is nobody to answer.
  process.send?.(answer(request), undefined, undefined, () => undefined);
});
