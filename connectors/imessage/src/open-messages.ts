import { join } from "node:path";
import { ConnectorError } from "@daybook/contract";
import { ReadingEnded, ReadingProcess } from "@daybook/keeping";
import { MAX_IMAGE_BYTES } from "./database/log.ts";
import { malformed } from "./database/malformed.ts";
import type { Entry } from "./reading/entry.ts";
import type { Answer, Ask } from "./reading/program-messages.ts";
import { type Member, piecesOf, type Supply } from "./supply/files.ts";

/** A messages database that is open, in memory. */
export interface OpenMessages extends AsyncDisposable {
  /**
   * Every event, in the order of the rows, those of one row together. Once.
   *
   * @throws {ConnectorError} `malformed`; `too-large`: more than the reading process's heap holds
   */
  entries(): AsyncGenerator<Entry>;
}

type Reading = ReadingProcess<Ask, Answer>;

const PROGRAM = join(import.meta.dirname, "reading/program.ts");
/** Of the reading process, MiB: which messages lie in which chats, and what rows they name. The database is not of it. */
const HEAP_MIB = 2_048;
/** Batches of entries that are read ahead of whoever takes them. */
const AHEAD = 2;

/**
 * Reads a messages database into memory, with what its log holds, in a process with a heap of its own: half a million
 * rows take a processor for half a minute, in which others are captured, and a database that needs more memory than
 * there is ends that process alone.
 *
 * @param limits.heapMib of the process
 * @throws {ConnectorError} `not-an-export`, `malformed`, `too-large`; `store-unavailable`, retryable
 */
export async function openMessages(
  { database, log }: Supply,
  { heapMib = HEAP_MIB }: { readonly heapMib?: number } = {},
): Promise<OpenMessages> {
  const reading: Reading = new ReadingProcess(PROGRAM, heapMib);
  try {
    await tellFile(reading, "database", database);
    if (log) await tellFile(reading, "log", log);
    await reading.tell({ what: "open" });
    await answerOf(reading);
  } catch (error) {
    await reading.end();
    throw error;
  }
  return {
    async *entries() {
      for (let i = 0; i < AHEAD; i += 1) await reading.tell({ what: "more" });
      for (;;) {
        const answer = await answerOf(reading);
        if (answer.what === "done") return;
        await reading.tell({ what: "more" });
        if (answer.what === "entries") yield* answer.entries;
      }
    },
    [Symbol.asyncDispose]: () => reading.end(),
  };
}

async function tellFile(reading: Reading, file: "database" | "log", member: Member): Promise<void> {
  await reading.tell({ what: "file", file, sizeBytes: member.sizeBytes });
  for await (const bytes of piecesOf(member, MAX_IMAGE_BYTES))
    await reading.tell({ what: "bytes", file, bytes });
}

async function answerOf(reading: Reading): Promise<Exclude<Answer, { what: "failed" }>> {
  let answer: Answer;
  try {
    answer = await reading.next();
  } catch (cause) {
    if (!(cause instanceof ReadingEnded)) throw cause;
    if (cause.isMemory)
      throw new ConnectorError("too-large", "the messages database holds more than is read", { cause });
    throw malformed("it could not be read to its end");
  }
  if (answer.what === "failed") throw new ConnectorError(answer.code, answer.message);
  return answer;
}
