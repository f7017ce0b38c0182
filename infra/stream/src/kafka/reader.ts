import { setTimeout as sleep } from "node:timers/promises";
import { StreamError, type StreamMessage } from "../port.ts";
import { type FetchedMessage, type Line, openLine } from "./internals.ts";
import type { KafkaStreamSettings } from "./options.ts";
import { isFinal, kafkaErrorType, unavailable } from "./patience.ts";

/** How long a broker holds a fetch when there is nothing, ms. */
const WAIT_MS = 1_000;
const PAUSE_MS = 100;
/** A fetch brings at most this much beyond its first batch, bytes, whatever the reader's limit. */
const FETCH_BYTES = 4 * 1024 * 1024;

export interface ReaderSettings extends KafkaStreamSettings {
  /** Asked of each new connection before anything is fetched. @throws {StreamError} when nothing may be fetched there */
  readonly check: (line: Line) => Promise<void>;
}

export interface Limits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/**
 * As `StreamReader.read`, for one partition, on connections of its own. One fetch is in memory at a time, and the
 * next is asked for when the reader has taken it all.
 */
export async function* readPartition(
  settings: ReaderSettings,
  place: { readonly topic: string; readonly partition: number },
  from: number,
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<readonly StreamMessage[]> {
  if (!Number.isSafeInteger(from) || from < 0) throw outOfRange(place, from);
  let line = openLine(settings);
  const stop = () => void line.close();
  const isStopped = () => signal.aborted;
  signal.addEventListener("abort", stop);
  try {
    let offset = from;
    let isChecked = false;
    let answeredAt = performance.now();
    while (!isStopped()) {
      let fetched: readonly FetchedMessage[];
      try {
        if (!isChecked) await settings.check(line);
        isChecked = true;
        fetched = await fetch(line, place, offset, limits.maxBytes);
        // kafkajs connects again by itself, and whose answer that is nobody has checked.
        if (line.isCut) throw new Error("a connection was lost");
        answeredAt = performance.now();
      } catch (error) {
        if (isStopped()) return;
        if (kafkaErrorType(error) === "OFFSET_OUT_OF_RANGE" && !line.isCut) throw outOfRange(place, offset);
        const isLate = performance.now() - answeredAt > settings.patienceMs;
        // The stream was opened with the same password.
        if (isLate || isFinal(error, { wasLetIn: true }))
          throw unavailable(`give ${place.topic}/${place.partition}`, error);
        await line.close();
        await sleep(PAUSE_MS);
        line = openLine(settings);
        isChecked = false;
        continue;
      }
      for (const batch of batchesOf(fetched, offset, limits)) {
        if (isStopped()) return;
        yield batch;
      }
      answeredAt = performance.now();
      offset = nextOffset(fetched, offset);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await line.close();
  }
}

async function fetch(
  line: Line,
  { topic, partition }: { topic: string; partition: number },
  offset: number,
  maxBytes: number,
): Promise<readonly FetchedMessage[]> {
  const leader = await line.leader(topic, partition);
  const most = Math.min(maxBytes, FETCH_BYTES);
  const { responses } = await leader.fetch({
    // Nobody here writes in transactions: whoever does must not hold a reader up by leaving one open.
    isolationLevel: 0,
    maxWaitTime: WAIT_MS,
    minBytes: 1,
    maxBytes: most,
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: most }] }],
  });
  return responses[0]?.partitions[0]?.messages ?? [];
}

/** A fetch begins with the whole batch that holds `from`, so perhaps with older messages. */
function* batchesOf(
  fetched: readonly FetchedMessage[],
  from: number,
  { maxMessages, maxBytes }: Limits,
): Generator<readonly StreamMessage[]> {
  let batch: StreamMessage[] = [];
  let bytes = 0;
  for (const { offset: at, value, isControlRecord } of fetched) {
    const offset = Number(at);
    if (offset < from || isControlRecord) continue;
    const payload = value ?? new Uint8Array();
    if (batch.length > 0 && (batch.length >= maxMessages || bytes + payload.length > maxBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push({ offset, payload });
    bytes += payload.length;
  }
  if (batch.length > 0) yield batch;
}

function nextOffset(fetched: readonly FetchedMessage[], from: number): number {
  const last = fetched.at(-1);
  // A batch whose messages from here on are gone still ends somewhere after `from`.
  return last ? Math.max(Number(last.offset), from) + 1 : from;
}

function outOfRange({ topic, partition }: { topic: string; partition: number }, offset: number): StreamError {
  return new StreamError(
    "out-of-range",
    `${topic}/${partition} does not hold ${offset}: compare with its range`,
  );
}
