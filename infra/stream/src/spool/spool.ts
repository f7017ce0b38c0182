import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { disk as machineDisk, type Disk } from "../file/disk.ts";
import { type FileStream, openFileStream } from "../file/file-stream.ts";
import { MAX_PAYLOAD_BYTES } from "../file/frame.ts";
import { IDENTITY_FILE } from "../file/identity.ts";
import { StreamError, type StreamProducer, type StreamReader } from "../port.ts";
import { Passage } from "./passage.ts";
import { PositionFile, readPositions } from "./position-file.ts";
import { bytesOf, runPump } from "./pump.ts";

const SEGMENT_BYTES = 16 * 1024 * 1024;
const QUEUE_BYTES = 16 * 1024 * 1024;
const CLOSE_GRACE_MS = 2_000;

/** Where a spool forwards to. */
export type Downstream = StreamProducer & Pick<StreamReader, "range">;

export interface SpoolOptions {
  /** Made, with mode 0700, if it is not there. One process at a time may have it open. */
  readonly dir: string;
  /** Number of partitions of each topic, as downstream. May grow from one opening to the next, never shrink. */
  readonly partitions: Readonly<Record<string, number>>;
  /** Not closed with the spool. */
  readonly downstream: Downstream;
  /** What may wait to be forwarded, bytes, in all. Beside it, the disk holds at most a segment file a partition. */
  readonly maxBytes: number;
  /** Largest payload that the downstream takes, bytes. 4 MiB, which topics are checked for, if not given. */
  readonly maxPayloadBytes?: number;
  /** A file that has reached this size gets no more, bytes. 16 MiB if not given. */
  readonly segmentBytes?: number;
  /** What may wait in memory to be written to one partition, bytes. 16 MiB if not given. */
  readonly queueBytes?: number;
  /** Told when a partition cannot be forwarded, why, again when the reason changes, and when it goes on. */
  readonly onTrouble?: (trouble: SpoolTrouble) => void;
  /** Pauses between attempts to forward, ms: 100 to 5,000 if not given. */
  readonly pauses?: { readonly firstMs: number; readonly lastMs: number };
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** `error` is undefined when the partition goes on. Its text holds nothing of a message. */
export interface SpoolTrouble {
  readonly topic: string;
  readonly partition: number;
  readonly error: unknown;
}

/** How a partition of a spool stands. */
export interface SpoolStatus {
  readonly topic: string;
  readonly partition: number;
  /** Messages that are durable here and not acknowledged downstream. */
  readonly unsentEvents: number;
  /** What they take on the disk. */
  readonly unsentBytes: number;
  /** No unsent message came earlier; undefined when there is none. */
  readonly unsentSince: Date | undefined;
  /** Since the spool was opened. */
  readonly forwardedEvents: number;
  readonly forwardFailures: number;
  /** Whether the last attempt failed. */
  readonly failing: boolean;
}

/** A file stream in front of another, which may be gone for hours. */
export interface Spool extends StreamProducer, AsyncDisposable {
  /**
   * As `StreamProducer.send`: resolves once all are durable on this machine's disk; they are forwarded later, in order.
   * The offset is the spool's own. `full` also when too much waits to be forwarded.
   */
  send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number>;

  /**
   * Resolves once everything below an offset of the spool is downstream, with the offset after the last of it there. That
   * may be a later one, where the spool no longer knows.
   *
   * @throws {StreamError} `closed`; `unavailable` when the downstream has to be asked and does not answer
   */
  forwarded(topic: string, partition: number, offset: number, signal?: AbortSignal): Promise<number>;

  /** Every partition, in the order of the options. */
  status(): SpoolStatus[];

  /** No unsent message came earlier: ingest keys that were in use then are still needed. Undefined when there is none. */
  unsentSince(): Date | undefined;

  /**
   * Refuses new sends, makes durable what was sent before, and stops forwarding: what is out has two seconds to be
   * acknowledged, and is otherwise sent again after the next opening. May be repeated.
   */
  close(): Promise<void>;
}

/**
 * Opens the spool in a directory, made if need be, and goes on forwarding where it was. What the downstream has
 * acknowledged may be sent again after a crash; nothing is lost, and each partition keeps its order of first appearance.
 * A message that the downstream never takes holds up its partition, and is never passed over: `onTrouble` and the
 * status say so.
 *
 * `send`, `forwarded` throw a {RangeError} for a partition that was not opened; `send` for a payload that is empty or
 * too large, and for more than the spool ever holds.
 *
 * @throws {StreamError} as `openFileStream`
 */
export async function openSpool(options: SpoolOptions, disk: Disk = machineDisk): Promise<Spool> {
  const { dir, partitions, segmentBytes = SEGMENT_BYTES, queueBytes = QUEUE_BYTES, now = Date.now } = options;
  const stream = await openFileStream({ dir, partitions, segmentBytes, queueBytes }, disk);
  try {
    const kept = await readPositions(dir, stream.id);
    const passages = new Map<string, Passage>();
    for (const [topic, count] of Object.entries(partitions)) {
      for (let partition = 0; partition < count; partition += 1) {
        const key = `${topic}/${partition}`;
        const { first, next } = await stream.range(topic, partition);
        // Without a note, nothing is older than the stream.
        const { offset, since } = kept.get(key) ?? {
          offset: first,
          since: Math.min(Math.floor((await stat(join(dir, IDENTITY_FILE))).mtimeMs), now()),
        };
        if (offset > next) {
          throw new StreamError("corrupt", `${dir}: ${key} ends at ${next}, but was forwarded to ${offset}`);
        }
        const forwarded = Math.max(first, offset);
        const unsentBytes = await stream.bytesFrom(topic, partition, forwarded);
        passages.set(key, new Passage({ topic, partition, forwarded, next, unsentBytes, since }));
      }
    }
    return new OpenSpool(options, stream, passages, disk);
  } catch (error) {
    await stream.close();
    throw error;
  }
}

class OpenSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #now: () => number;
  readonly #stream: FileStream;
  readonly #passages: ReadonlyMap<string, Passage>;
  readonly #positions: PositionFile;
  readonly #stopping = new AbortController();
  readonly #pumps: Promise<void>;
  /** What was last said to be wrong with a partition. */
  readonly #troubles = new Map<Passage, string>();
  #closing: Promise<void> | undefined;

  constructor(options: SpoolOptions, stream: FileStream, passages: ReadonlyMap<string, Passage>, disk: Disk) {
    const { downstream, pauses = { firstMs: 100, lastMs: 5_000 }, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#stream = stream;
    this.#passages = passages;
    this.#positions = new PositionFile(options.dir, stream.id, disk, () => this.#whereItIs());
    const pumps = [...passages.values()].map((passage) =>
      runPump(
        passage,
        {
          spool: stream,
          downstream,
          onPassed: () => this.#passed(passage),
          onFailure: (error) => this.#failed(passage, error),
          firstPauseMs: pauses.firstMs,
          lastPauseMs: pauses.lastMs,
        },
        this.#stopping.signal,
      ),
    );
    this.#pumps = Promise.all(pumps).then(() => undefined);
  }

  async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    const passage = this.#passage(topic, partition);
    const { maxBytes, maxPayloadBytes = MAX_PAYLOAD_BYTES } = this.#options;
    for (const { length } of payloads) {
      if (length > maxPayloadBytes) {
        throw new RangeError(`a payload has at most ${maxPayloadBytes} bytes here, not ${length}`);
      }
    }
    if (payloads.length === 0) return this.#stream.send(topic, partition, payloads);
    const bytes = bytesOf(payloads);
    if (bytes > maxBytes) throw new RangeError(`${bytes} bytes never fit in a spool of ${maxBytes}`);
    if (this.#closing) throw new StreamError("closed", "the spool is closed");
    let waiting = 0;
    for (const { unsentBytes } of this.#passages.values()) waiting += unsentBytes;
    if (waiting + bytes > maxBytes) {
      throw new StreamError(
        "full",
        `${waiting} of ${maxBytes} bytes wait in the spool: see why Kafka takes none`,
      );
    }
    const at = this.#now();
    passage.unsentBytes += bytes;
    try {
      const first = await this.#stream.send(topic, partition, payloads);
      passage.keep(first, payloads.length, at);
      this.#positions.touch();
      return first;
    } catch (error) {
      passage.unsentBytes -= bytes;
      throw error;
    }
  }

  async forwarded(topic: string, partition: number, offset: number, signal?: AbortSignal): Promise<number> {
    const place = await this.#passage(topic, partition).until(offset, signal);
    return place ?? (await this.#options.downstream.range(topic, partition)).next;
  }

  status(): SpoolStatus[] {
    return [...this.#passages.values()].map((passage) => ({
      topic: passage.topic,
      partition: passage.partition,
      unsentEvents: passage.next - passage.forwarded,
      unsentBytes: passage.unsentBytes,
      unsentSince: passage.unsentSince === undefined ? undefined : new Date(passage.unsentSince),
      forwardedEvents: passage.passed,
      forwardFailures: passage.failures,
      failing: passage.isFailing,
    }));
  }

  unsentSince(): Date | undefined {
    const times = this.status().flatMap(({ unsentSince }) => unsentSince?.getTime() ?? []);
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    const soon = new AbortController();
    const grace = sleep(CLOSE_GRACE_MS, undefined, { signal: soon.signal }).catch(() => undefined);
    await Promise.race([this.#pumps, grace]);
    soon.abort();
    for (const passage of this.#passages.values()) passage.close();
    await this.#positions.close();
    await this.#stream.close();
  }

  #passed(passage: Passage): void {
    this.#positions.touch();
    if (this.#troubles.delete(passage)) this.#report(passage, undefined);
  }

  #failed(passage: Passage, error: unknown): void {
    const said = error instanceof Error ? error.message : "";
    if (this.#troubles.get(passage) === said) return;
    this.#troubles.set(passage, said);
    this.#report(passage, error);
  }

  #report({ topic, partition }: Passage, error: unknown): void {
    this.#options.onTrouble?.({ topic, partition, error });
  }

  #whereItIs() {
    const now = this.#now();
    return new Map(
      [...this.#passages].map(([key, { forwarded, unsentSince }]) => [
        key,
        { offset: forwarded, since: Math.floor(unsentSince ?? now) },
      ]),
    );
  }

  #passage(topic: string, partition: number): Passage {
    const passage = this.#passages.get(`${topic}/${partition}`);
    if (!passage) throw new RangeError(`the spool has no partition ${partition} of ${topic}`);
    return passage;
  }
}
