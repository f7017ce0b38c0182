import { Worker } from "node:worker_threads";
import type { Case } from "./loop.ts";

const MAX_BYTES = 1024 * 1024;
const HUNG_MS = 20_000;

/** Sees that a case hangs in a loop that lets nothing else run. */
export interface Watchdog {
  watch(of: Case, input: Buffer): void;
  rest(): void;
  close(): Promise<void>;
}

/**
 * Starts a thread that looks on. When a case hangs for 20 s it says which on stderr, writes the input to a
 * temporary file, and kills the process, since nothing else ends such a loop.
 */
export function startWatchdog(): Watchdog {
  const state = new Float64Array(new SharedArrayBuffer(8 * 2));
  const label = new Uint8Array(new SharedArrayBuffer(512));
  const bytes = new Uint8Array(new SharedArrayBuffer(MAX_BYTES));
  const thread = new Worker(new URL("./watchdog-thread.ts", import.meta.url), {
    workerData: { state, label, bytes, hungMs: HUNG_MS },
  });
  thread.unref();
  return {
    watch({ target, seed, number }, input) {
      label.fill(0);
      label.set(Buffer.from(`${target}-${seed}-${number}`).subarray(0, label.length));
      bytes.set(input.subarray(0, MAX_BYTES));
      state[1] = Math.min(input.length, MAX_BYTES);
      state[0] = Date.now();
    },
    rest() {
      state[0] = 0;
    },
    async close() {
      await thread.terminate();
    },
  };
}
