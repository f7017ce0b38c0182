import { on } from "node:events";
import { Worker } from "node:worker_threads";
import { ConnectorError } from "@daybook/contract";
import { malformed } from "./database/malformed.ts";
import type { Entry } from "./reading/entry.ts";
import type { Answer, Image } from "./reading/thread-messages.ts";
import { bytesOf, type Supply } from "./supply/files.ts";

/** A messages database that is open, in memory. */
export interface OpenMessages extends AsyncDisposable {
  /**
   * Every event, in the order of the rows, those of one row together. Once.
   *
   * @throws {ConnectorError} `malformed`; `too-large`: more than the reading thread's heap holds
   */
  entries(): AsyncGenerator<Entry>;
}

/** Of the reading thread, MiB: which messages lie in which chats, and what rows they name. The database is not of it. */
const HEAP_MIB = 2_048;
/** Batches of entries that are read ahead of whoever takes them. */
const AHEAD = 2;

/**
 * Reads a messages database into memory, with what its log holds, in a thread with a heap of its own: half a million
 * rows take a processor for half a minute, in which others are captured, and a database that needs more memory than
 * there is ends the thread alone.
 *
 * @param limits.heapMib of the thread
 * @throws {ConnectorError} `not-an-export`, `malformed`, `too-large`
 */
export async function openMessages(
  { database, log }: Supply,
  { heapMib = HEAP_MIB }: { readonly heapMib?: number } = {},
): Promise<OpenMessages> {
  const image: Image = { database: await bytesOf(database), log: log && (await bytesOf(log)) };
  const thread = new Worker(new URL("./reading/thread.ts", import.meta.url), {
    // Nothing that it prints may reach a log: it holds what messages say.
    stdout: true,
    stderr: true,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: heapMib, stackSizeMb: 4 },
  });
  // One that comes after the last answer was taken is nobody's.
  thread.on("error", () => undefined);
  const answers = answersOf(thread);
  try {
    thread.postMessage(image, [image.database.buffer, ...(image.log ? [image.log.buffer] : [])]);
    await answers.next();
  } catch (error) {
    await thread.terminate();
    throw error;
  }
  return {
    async *entries() {
      for (let i = 0; i < AHEAD; i += 1) thread.postMessage("more");
      for await (const answer of answers) {
        if (answer.what === "done") return;
        thread.postMessage("more");
        if (answer.what === "entries")
          for (const entry of answer.entries)
            yield {
              ...entry,
              raw: Buffer.from(entry.raw.buffer, entry.raw.byteOffset, entry.raw.byteLength),
            };
      }
    },
    async [Symbol.asyncDispose]() {
      await thread.terminate();
    },
  };
}

/** What a thread tells until it ends. */
async function* answersOf(thread: Worker): AsyncGenerator<Exclude<Answer, { what: "failed" }>> {
  try {
    for await (const [answer] of on(thread, "message", { close: ["exit"] }) as AsyncIterable<[Answer]>) {
      if (answer.what === "failed") throw new ConnectorError(answer.code, answer.message);
      yield answer;
    }
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "ERR_WORKER_OUT_OF_MEMORY") throw cause;
    throw new ConnectorError("too-large", "the messages database holds more than is read", { cause });
  }
  throw malformed("it could not be read to its end");
}
