// Reads a messages database from end to end, in a process of its own: `open-messages.ts` starts it.
import { ConnectorError } from "@daybook/contract/error";
import { serveReading } from "@daybook/keeping/serve-reading";
import { openImage } from "../database/open.ts";
import type { Entry } from "./entry.ts";
import { Messages } from "./messages.ts";
import type { Answer, Ask } from "./program-messages.ts";

const BATCH = 100;
const BATCH_BYTES = 1024 * 1024;

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

let files: Partial<Record<"database" | "log", { readonly bytes: Buffer; filled: number }>> = {};
let left: Generator<readonly Entry[]> | undefined;

function answered(ask: Ask): Answer | undefined {
  if (ask.what === "file") files[ask.file] = { bytes: Buffer.alloc(ask.sizeBytes), filled: 0 };
  else if (ask.what === "bytes") fill(ask.file, ask.bytes);
  else if (ask.what === "open") {
    const { database, log } = files;
    // Each is as large as all else here.
    files = {};
    if (!database) throw new TypeError("no database was told");
    left = batches(new Messages(openImage(database.bytes, log?.bytes)));
    return { what: "opened" };
  } else {
    const next = left?.next();
    return next && !next.done ? { what: "entries", entries: next.value } : { what: "done" };
  }
  return undefined;
}

function fill(name: "database" | "log", bytes: Uint8Array): void {
  const file = files[name];
  if (!file) throw new TypeError("no size was told");
  file.bytes.set(bytes, file.filled);
  file.filled += bytes.length;
}

serveReading((ask: Ask, tell: (answer: Answer) => void) => {
  try {
    const answer = answered(ask);
    if (answer) tell(answer);
  } catch (error) {
    // What is no fault of the database ends the process.
    if (!(error instanceof ConnectorError)) throw error;
    tell({ what: "failed", code: error.code, message: error.message });
  }
});
