import { parentPort } from "node:worker_threads";
import { ConnectorError } from "@daybook/contract/error";
import { openImage } from "../database/open.ts";
import type { Entry } from "./entry.ts";
import { Messages } from "./messages.ts";
import type { Answer, Image } from "./thread-messages.ts";

// Runs in a thread of its own: a database is read from end to end, and nobody else may wait for that.
const port = parentPort;
if (!port) throw new TypeError("this is a thread's own program");

const BATCH = 100;
const BATCH_BYTES = 1024 * 1024;

const tell = (answer: Answer) => port.postMessage(answer);

function* batches(messages: Messages): Generator<readonly Entry[]> {
  let batch: Entry[] = [];
  let sizeBytes = 0;
  for (const entries of messages.entries()) {
    for (const entry of entries) {
      batch.push(entry);
      sizeBytes += entry.raw.length;
    }
    if (batch.length < BATCH && sizeBytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    sizeBytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Does, or tells why not. What is no fault of the database ends the thread. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    tell({ what: "failed", code: error.code, message: error.message });
  }
}

port.once("message", ({ database, log }: Image) =>
  attempt(() => {
    const left = batches(new Messages(openImage(asBuffer(database), log && asBuffer(log))));
    port.on("message", () =>
      attempt(() => {
        const next = left.next();
        tell(next.done ? { what: "done" } : { what: "entries", entries: next.value });
      }),
    );
    tell({ what: "opened" });
  }),
);

function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
