import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { type SeenLog, ShardLog, type StreamPosition } from "@daybook/archive-core";
import { StreamError, type StreamMessage } from "@daybook/stream";
import { type Arrival, decodeBatch, isArrival, type Poison } from "./decode.ts";
import { ArchiverError } from "./error.ts";
import { sendGap, type StreamHole, streamGap } from "./gaps.ts";
import type { ShardContext } from "./options.ts";
import { park } from "./park.ts";
import type { ShardReporter } from "./progress.ts";
import { agree } from "./recover.ts";
import { passes } from "./passing.ts";
import { isRetryable, retrying } from "./retry.ts";
import { ShardWriter } from "./shard-writer.ts";
import { streamTrimmer } from "./trim.ts";

const LEADER_TRIES = 6;
const LEADER_WAIT_MS = 500;
const READ = { maxMessages: 1_024, maxBytes: 4 * 1024 * 1024 };
/** Records taken in one go: other work of the process waits for some milliseconds at most. */
const SLICE = 512;

/** What one life of a shard leaves to the next. */
export interface ShardMemory {
  /** The log as this process saw it last: a log that does not continue it is a fork. */
  seen?: SeenLog;
}

/**
 * One life of a shard: archives it until `signal` aborts, then finishes what it has taken. Rejects with what repeating
 * a step cannot mend; nothing of it is at work any more then, and nothing was committed since.
 */
export async function liveShard(
  context: ShardContext,
  memory: ShardMemory,
  signal: AbortSignal,
): Promise<void> {
  const reporter = context.progress.reporter(context.shard);
  const failure = new AbortController();
  const stopping = AbortSignal.any([signal, failure.signal]);
  const fail = (error: unknown): boolean => {
    // Cut off by the stop, in a step that would have been repeated: a restart does so.
    const cutOff = signal.aborted && (isRetryable(error) || passes(error) || error === signal.reason);
    if (!cutOff) failure.abort(error);
    return !cutOff;
  };
  let taken: ShardLog | undefined;
  try {
    const { log, position } = await takeUp(context, memory, stopping);
    taken = log;
    const from = await startOf(context, reporter, position, stopping);
    const trim = streamTrimmer(context);
    const writer = new ShardWriter({
      context,
      log,
      reporter,
      from,
      signal: stopping,
      onSettled: ({ offset }) => trim(offset),
      onFailure: fail,
    });
    reporter.start(from, log.size, position, () => writer.closeIfWanted());
    await pump(context, writer, reporter, stopping).catch((error: unknown) => {
      if (fail(error)) writer.abandon(error);
    });
    await writer.finish();
  } catch (error) {
    fail(error);
  } finally {
    if (taken) memory.seen = taken.seen;
    reporter.end();
  }
  if (failure.signal.aborted) throw failure.signal.reason;
}

async function takeUp(
  context: ShardContext,
  memory: ShardMemory,
  signal: AbortSignal,
): Promise<{ log: ShardLog; position: StreamPosition | undefined }> {
  const { shard, signer, stores, lockDays, now, stream, partition } = context;
  const { seen } = memory;
  const step = { log: context.log, signal };
  const open = () => ShardLog.open({ shard, signer, stores, lockDays, now, ...(seen && { seen }) });
  const log = await retrying(open, { what: "open", ...step });
  // Also for a life that ends before it begins.
  memory.seen = log.seen;
  if (log.position?.id === stream.id && log.position.partition !== partition) {
    throw new ArchiverError("misconfigured", `shard ${shard}: its log was fed from another partition`);
  }
  return { log, position: await retrying(() => agree(context, log, signal), { what: "agree", ...step }) };
}

/** Where to read from. What the stream should have and has not is recorded as a gap, and read around. */
async function startOf(
  context: ShardContext,
  reporter: ShardReporter,
  position: StreamPosition | undefined,
  signal: AbortSignal,
): Promise<number> {
  const { stream, topic, partition } = context;
  const step = { what: "start", log: context.log, signal };
  // What another stream has not got is no hole in this one.
  await retrying(async () => stream.confirm?.(), step);
  // Another stream's offsets mean nothing here: its beginning is read, and what is known is a redelivery.
  const wanted = position?.id === stream.id ? position.offset : 0;
  let { first, next } = await retrying(() => stream.range(topic, partition), step);
  // A broker that has just become a partition's leader may know less of its end than its predecessor said.
  for (let times = 0; wanted > next && times < LEADER_TRIES; times += 1) {
    await sleep(LEADER_WAIT_MS, undefined, { signal });
    ({ first, next } = await retrying(() => stream.range(topic, partition), step));
  }
  if (position && position.id !== stream.id) {
    const ids = `${position.id}>${stream.id}`;
    await recordHole(context, reporter, { kind: "replaced", stream: ids, from: position.offset }, signal);
  }
  if (wanted >= first && wanted <= next) return wanted;
  const hole: Hole =
    wanted < first
      ? { kind: "expired", stream: stream.id, from: wanted, to: first }
      : { kind: "cut-short", stream: stream.id, from: next, to: wanted };
  await recordHole(context, reporter, hole, signal);
  return first;
}

type Hole = Pick<StreamHole, "kind" | "stream" | "from" | "to">;

async function recordHole(
  context: ShardContext,
  reporter: ShardReporter,
  hole: Hole,
  signal: AbortSignal,
): Promise<void> {
  const { topic, partition, shard, deployment, log, now, signs } = context;
  log.error({ shard, topic, ...hole }, "the stream has not got what it should: recording a gap");
  reporter.count("gaps");
  signs.hole(shard, hole.kind);
  const gap = streamGap({ deployment, topic, partition, ...hole, at: now() });
  await retrying(() => sendGap(context, gap), { what: "start", log, signal });
}

/** Reads, judges and hands over, until `signal` aborts. */
async function pump(
  context: ShardContext,
  writer: ShardWriter,
  reporter: ShardReporter,
  signal: AbortSignal,
): Promise<void> {
  const { stream, topic, partition } = context;
  let from = writer.next;
  while (!signal.aborted) {
    try {
      for await (const items of ahead(stream.read(topic, partition, from, READ, signal), context)) {
        await writer.room(items.length);
        await handle(items, context, writer, reporter, signal);
      }
      return;
    } catch (error) {
      from = await resume(error, writer.next, context, reporter, signal);
    }
  }
}

/** Where to read on after the stream failed. @throws what is not the stream's, or cannot be mended */
async function resume(
  error: unknown,
  next: number,
  context: ShardContext,
  reporter: ShardReporter,
  signal: AbortSignal,
): Promise<number> {
  const { stream, topic, partition, shard, log } = context;
  if (!(error instanceof StreamError) || signal.aborted) throw error;
  if (error.code === "out-of-range") {
    return startOf(context, reporter, { id: stream.id, partition, offset: next }, signal);
  }
  if (!error.retryable) throw error;
  log.warn({ err: error, shard }, "the stream does not answer, trying again");
  await retrying(() => stream.range(topic, partition), { what: "read", log, signal });
  return next;
}

/** Decrypts a batch while the one before it is handled. */
async function* ahead(
  batches: AsyncIterable<readonly StreamMessage[]>,
  context: ShardContext,
): AsyncGenerator<(Arrival | Poison)[], void, undefined> {
  const source = batches[Symbol.asyncIterator]();
  const fetch = async () => {
    const read = await source.next();
    return read.done ? undefined : decodeBatch(read.value, context);
  };
  try {
    let next = fetch();
    for (let items = await next; items; items = await next) {
      next = fetch();
      // It is awaited in its turn, unless this one fails before.
      next.catch(() => undefined);
      yield items;
    }
  } finally {
    void source.return?.();
  }
}

async function handle(
  items: readonly (Arrival | Poison)[],
  context: ShardContext,
  writer: ShardWriter,
  reporter: ShardReporter,
  signal: AbortSignal,
): Promise<void> {
  const { catalogue, log, shard } = context;
  const poison = items.filter((item): item is Poison => !isArrival(item));
  if (poison.length > 0) {
    await retrying(() => park(poison, context), { what: "park", log, signal });
    reporter.count("parked", poison.length);
    for (const { offset, reason } of poison) log.error({ shard, offset, reason }, "an event was parked");
  }
  // First who is on the way, then who is in the catalogue: nobody can slip from one to the other between. A catalogue
  // that lacks rows which were there by then says so.
  const least = { shard, size: writer.settledSize };
  const fresh = new Set<string>();
  for (const item of items) if (isArrival(item) && !writer.has(item.id)) fresh.add(item.id);
  const known =
    fresh.size === 0
      ? fresh
      : await retrying(() => catalogue.known([...fresh], least), { what: "look-up", log, signal });
  for (const id of known) fresh.delete(id);
  const duplicates = items.length - poison.length - fresh.size;
  for (const [i, item] of items.entries()) {
    if (isArrival(item) && fresh.delete(item.id)) writer.take(item);
    else writer.handled(item.offset + 1);
    if (i % SLICE === SLICE - 1) await breathe();
  }
  reporter.count("duplicates", duplicates);
  writer.handled((items.at(-1)?.offset ?? 0) + 1);
}
