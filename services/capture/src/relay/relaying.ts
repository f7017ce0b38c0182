import { setTimeout as sleep } from "node:timers/promises";
import { Turns } from "@daybook/archive-core";
import {
  type Captured,
  ConnectorError,
  type Method,
  type Network,
  type Outbound,
  outbound,
  type Relay,
  type RelayOutcome,
  TOPICS,
} from "@daybook/contract";
import type { Logger } from "@daybook/runtime";
import { type PayloadOpener, StreamError, type StreamMessage, type StreamReader } from "@daybook/stream";
import type { CaptureSink } from "../sink.ts";
import { relayNotice } from "./notices.ts";
import { readPosition, writePosition } from "./position.ts";

/** An account that this process can send from. */
export interface RelayAccount {
  readonly network: Network;
  readonly method: Method;
  readonly relay: Relay;
  readonly sink: CaptureSink;
}

/** A stream that is let go of after use. */
export interface OpenedStream {
  readonly stream: StreamReader;
  close(): Promise<void>;
}

export interface RelayingOptions {
  /** Opens the stream, anew each time: another may have come into its place. */
  readonly open: () => Promise<OpenedStream>;
  readonly opener: PayloadOpener;
  /** What binds a payload to its place: as who encrypted it says. */
  readonly context: string;
  /** Undefined for an account of another process, or of a connector that cannot answer. */
  readonly account: (network: Network, account: string) => RelayAccount | undefined;
  /** Tells the gateway what came of a message. May be repeated. Rejects with what repeating may mend. */
  readonly report: (id: string, outcome: RelayOutcome) => Promise<void>;
  /** Where this process remembers how far it is. */
  readonly positionFile: string;
  readonly log: Logger;
}

const READ = { maxMessages: 64, maxBytes: 4 * 1024 * 1024 };
/** Messages that wait for their network at once: beyond, reading waits. */
const MAX_UNDER_WAY = 256;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Sends what is on `daybook.outbound` for this process's accounts, until `signal` aborts. Each message is recorded as
 * asked for before it is sent, and its sending or failure again; messages of one account go in order. A crash repeats
 * what was under way, which each connector sends at most once.
 */
export async function runRelaying(options: RelayingOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const opened = await options.open();
      await relayFrom(opened.stream, options, signal).finally(() => opened.close());
    } catch (err) {
      if (isAborted(signal)) return;
      options.log.error({ err }, "messages that were asked for cannot be read: they wait");
      await sleep(LONGEST_PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function relayFrom(stream: StreamReader, options: RelayingOptions, signal: AbortSignal): Promise<void> {
  const { positionFile, log } = options;
  const turns = new Turns();
  const underWay = new Map<number, Promise<void>>();
  let next = await startOf(stream, positionFile, signal);
  let saved = next;
  const save = async () => {
    const done = Math.min(next, ...underWay.keys());
    if (done === saved) return;
    saved = done;
    await writePosition(positionFile, { stream: stream.id, offset: done }).catch((err: unknown) =>
      log.warn(
        { err },
        "the position among outbound messages cannot be written: they are read again at a start",
      ),
    );
  };
  const take = (message: StreamMessage) => {
    const dealing = deal(message, options, turns, signal).catch((err: unknown) => {
      if (!signal.aborted)
        log.error({ err, offset: message.offset }, "an outbound message was not dealt with");
    });
    underWay.set(message.offset, dealing);
    void dealing.then(() => {
      // What a stop cut off is read again.
      if (signal.aborted) return;
      underWay.delete(message.offset);
      void turns.take("position", save);
    });
  };
  const room = async () => {
    while (underWay.size >= MAX_UNDER_WAY && !signal.aborted) await Promise.race(underWay.values());
  };
  const readOn = async () => {
    for await (const batch of stream.read(TOPICS.outbound, 0, next, READ, signal)) {
      for (const message of batch) {
        take(message);
        next = message.offset + 1;
      }
      await room();
    }
  };
  while (!isAborted(signal)) {
    try {
      await readOn();
    } catch (err) {
      if (isAborted(signal) || !(err instanceof StreamError)) throw err;
      if (err.code !== "out-of-range" && !err.retryable) throw err;
      log.warn({ err }, "outbound messages cannot be read, trying again");
      await sleep(FIRST_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      if (err.code === "out-of-range") next = (await stream.range(TOPICS.outbound, 0)).first;
    }
  }
  await Promise.allSettled(underWay.values());
}

async function startOf(stream: StreamReader, file: string, signal: AbortSignal): Promise<number> {
  const known = await readPosition(file);
  const { first, next } = await patiently(() => stream.range(TOPICS.outbound, 0), isRetryable, signal);
  if (known?.stream !== stream.id) return first;
  return known.offset < first || known.offset > next ? first : known.offset;
}

async function deal(
  { payload }: StreamMessage,
  options: RelayingOptions,
  turns: Turns,
  signal: AbortSignal,
): Promise<void> {
  const message = readOutbound(await options.opener.open(payload, options.context));
  if (!message) return options.log.error({}, "an outbound message has no form that is known: it is not sent");
  const account = options.account(message.network, message.account);
  if (!account) return;
  const outcome = await turns.take(`${message.network}/${message.account}`, () =>
    send(message, account, signal),
  );
  await patiently(
    () => options.report(message.id, outcome),
    () => true,
    signal,
  );
}

/** Errors of reading quote what is read, and would end in a log: there are none. */
function readOutbound(plaintext: Uint8Array): Outbound | undefined {
  try {
    return outbound.safeParse(JSON.parse(Buffer.from(plaintext).toString())).data;
  } catch {
    return undefined;
  }
}

async function send(message: Outbound, account: RelayAccount, signal: AbortSignal): Promise<RelayOutcome> {
  const { relay, sink, method } = account;
  const retrying = <T>(work: () => Promise<T>) => patiently(work, isRetryable, signal);
  const record = (captured: Captured) => retrying(() => sink.capture([captured]));
  const known = await retrying(() => relay.conversation(message.account, message.conversation));
  const conversation = known ?? { id: message.conversation, title: "", kind: "unknown" as const };
  const { network, account: name, custodian } = message;
  // What is private stays so: nothing is recorded of such a conversation, and so nothing is sent to it either.
  if (await sink.excludes({ network, account: name, custodian, conversation })) {
    return {
      state: "failed",
      code: "refused",
      why: "scope rules leave that conversation out: it is not recorded",
    };
  }
  const about = { method, conversation };
  await record(relayNotice(message, { ...about, relay: { state: "requested" } }));
  const outcome = await retrying(() => relay.send(message, signal));
  if (outcome.state === "failed") {
    await record(relayNotice(message, { ...about, relay: { state: "failed", why: outcome.why } }));
  }
  return outcome;
}

/** Asked as a question, because it changes while one waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function isRetryable(error: unknown): boolean {
  return (error instanceof ConnectorError || error instanceof StreamError) && error.retryable;
}

/** Repeats what may mend itself, with growing pauses. @throws what may not, or the signal's reason */
async function patiently<T>(
  work: () => Promise<T>,
  mayMend: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!mayMend(error) || signal.aborted) throw error;
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
