import { setTimeout as sleep } from "node:timers/promises";
import { FRAME_HEADER_BYTES } from "../file/frame.ts";
import type { FileStream } from "../file/file-stream.ts";
import type { StreamMessage, StreamProducer } from "../port.ts";
import type { Passage } from "./passage.ts";

/** One batch is out at a time, which bounds what a partition has in memory. */
const BATCH = { maxMessages: 4_096, maxBytes: 1024 * 1024 };

export interface PumpOptions {
  readonly spool: Pick<FileStream, "read" | "trim">;
  readonly downstream: StreamProducer;
  /** Called after each batch that was acknowledged. */
  readonly onPassed: () => void;
  /** Called at each failure; nothing is lost by it. */
  readonly onFailure: (error: unknown) => void;
  readonly firstPauseMs: number;
  readonly lastPauseMs: number;
}

/**
 * Forwards one partition, in order, until `signal` aborts. Repeats a batch until the downstream has acknowledged it,
 * for ever, with growing pauses, and passes over nothing.
 */
export async function runPump(passage: Passage, options: PumpOptions, signal: AbortSignal): Promise<void> {
  const { topic, partition } = passage;
  const { spool } = options;
  const ended = () => signal.aborted;
  for (let failures = 0; !ended();) {
    try {
      for await (const batch of spool.read(topic, partition, passage.forwarded, BATCH, signal)) {
        failures = 0;
        await forward(batch, passage, options, signal);
        if (ended()) return;
      }
    } catch (error) {
      if (ended()) return;
      failures += 1;
      await pauseAfter(error, failures, passage, options, signal);
    }
  }
}

/** Resolves when the whole batch is acknowledged, or on abort. */
async function forward(
  batch: readonly StreamMessage[],
  passage: Passage,
  options: PumpOptions,
  signal: AbortSignal,
): Promise<void> {
  const { topic, partition } = passage;
  let rest = batch;
  let failures = 0;
  while (rest.length > 0 && !signal.aborted) {
    // After a failure the first goes alone: one that is never taken holds up none of those before it.
    const out = failures === 0 ? rest : rest.slice(0, 1);
    try {
      const payloads = out.map(({ payload }) => payload);
      const first = await options.downstream.send(topic, partition, payloads);
      passage.pass(out.length, bytesOf(payloads), first);
      rest = rest.slice(out.length);
      failures = 0;
    } catch (error) {
      failures += 1;
      await pauseAfter(error, failures, passage, options, signal);
      continue;
    }
    options.onPassed();
    await options.spool.trim(topic, partition, passage.forwarded);
  }
}

async function pauseAfter(
  error: unknown,
  failures: number,
  passage: Passage,
  { onFailure, firstPauseMs, lastPauseMs }: PumpOptions,
  signal: AbortSignal,
): Promise<void> {
  passage.fail();
  onFailure(error);
  const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(failures - 1, 20), lastPauseMs);
  await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
}

/** What payloads take in the spool's files. */
export function bytesOf(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, { length }) => sum + FRAME_HEADER_BYTES + length, 0);
}
