import { mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  StreamError,
  type StreamMessage,
  type StreamProducer,
  type StreamReader,
  type StreamTrimmer,
} from "../port.ts";
import { Appender } from "./appender.ts";
import { readEnds, removeEnds, writeEnds } from "./clean-end.ts";
import { disk as machineDisk, type Disk, diskError } from "./disk.ts";
import { MAX_PAYLOAD_BYTES } from "./frame.ts";
import { openIdentity } from "./identity.ts";
import { lockDirectory } from "./lock.ts";
import { bytesFrom } from "./measure.ts";
import { Partition } from "./partition.ts";
import { readPartition } from "./read.ts";

const SEGMENT_BYTES = 64 * 1024 * 1024;
const QUEUE_BYTES = 256 * 1024 * 1024;

export interface FileStreamOptions {
  /** Made, with mode 0700, if it is not there. One process at a time may have it open. */
  readonly dir: string;
  /** Number of partitions of each topic. May grow from one opening to the next, never shrink. */
  readonly partitions: Readonly<Record<string, number>>;
  /** A file that has reached this size gets no more, bytes. 64 MiB if not given. */
  readonly segmentBytes?: number;
  /** What may wait to be written to one partition, bytes: a send beyond it is refused. 256 MiB if not given. */
  readonly queueBytes?: number;
}

/** A stream in a directory of this machine. */
export interface FileStream extends StreamProducer, StreamReader, StreamTrimmer, AsyncDisposable {
  /**
   * Bytes that the messages from `from` on take in their files.
   *
   * @throws {StreamError} `out-of-range`, `corrupt`, `unavailable`
   */
  bytesFrom(topic: string, partition: number, from: number): Promise<number>;

  /**
   * Refuses new sends, makes durable what was sent before, ends every reader with `closed` and lets go of the
   * directory. May be repeated.
   */
  close(): Promise<void>;
}

/**
 * Opens the stream in a directory, made if need be, and repairs what a crash left: a torn tail, which was never
 * acknowledged, is cut off. Everything that can then be read is durable.
 *
 * Beyond what the ports say: `send`, `read`, `range` and `trim` throw a {RangeError} for a topic or partition that
 * was not opened, and `send` for a payload that is empty or over 4 MiB. Payloads must not be changed before
 * `send` resolves. Payloads that are read are views of a shared buffer, at most 4 MiB: copy what is kept long.
 *
 * @throws {StreamError} `unavailable`: another process has it open, or the disk fails; `full`; `corrupt`: what
 *   was acknowledged is damaged or missing; its files are left as they are
 */
export async function openFileStream(
  options: FileStreamOptions,
  disk: Disk = machineDisk,
): Promise<FileStream> {
  const dir = resolve(options.dir);
  assertPartitions(options.partitions);
  const undo: (() => Promise<void>)[] = [];
  try {
    await makeDirectory(dir, disk);
    const unlock = await lockDirectory(dir, disk);
    undo.push(unlock);
    const id = await openIdentity(dir, disk);
    await assertNoneLeftOut(dir, options.partitions);

    const closedAt = await readEnds(dir);
    const lines = new Map<string, Line>();
    for (const [topic, count] of Object.entries(options.partitions)) {
      for (let i = 0; i < count; i += 1) {
        const name = nameOf(topic, i);
        const { partition, file } = await Partition.open(dir, name, disk, closedAt.get(name));
        undo.push(() => file.close());
        const { segmentBytes = SEGMENT_BYTES, queueBytes = QUEUE_BYTES } = options;
        lines.set(name, {
          partition,
          appender: new Appender({ partition, file, disk, segmentBytes, queueBytes }),
        });
      }
    }
    await removeEnds(dir, disk);
    return new OpenFileStream({ dir, disk, id, lines, unlock });
  } catch (cause) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw diskError(cause, `open ${dir}`);
  }
}

/** A partition and its writer. */
interface Line {
  readonly partition: Partition;
  readonly appender: Appender;
}

interface Opened {
  readonly dir: string;
  readonly disk: Disk;
  readonly id: string;
  readonly lines: ReadonlyMap<string, Line>;
  readonly unlock: () => Promise<void>;
}

class OpenFileStream implements FileStream {
  readonly id: string;
  readonly #opened: Opened;
  #closing: Promise<void> | undefined;

  constructor(opened: Opened) {
    this.id = opened.id;
    this.#opened = opened;
  }

  async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    const line = this.#line(topic, partition);
    for (const { length } of payloads) {
      if (length === 0 || length > MAX_PAYLOAD_BYTES) {
        throw new RangeError(`a payload has 1 to ${MAX_PAYLOAD_BYTES} bytes, not ${length}`);
      }
    }
    return payloads.length === 0 ? line.partition.range.next : line.appender.send(payloads);
  }

  range(topic: string, partition: number): Promise<{ first: number; next: number }> {
    return new Promise((resolve) => resolve(this.#line(topic, partition).partition.range));
  }

  read(
    topic: string,
    partition: number,
    from: number,
    limits: { maxMessages: number; maxBytes: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly StreamMessage[]> {
    return readPartition(this.#line(topic, partition).partition, from, limits, signal, this.#opened.disk);
  }

  async bytesFrom(topic: string, partition: number, from: number): Promise<number> {
    return bytesFrom(this.#line(topic, partition).partition, from, this.#opened.disk);
  }

  async trim(topic: string, partition: number, before: number): Promise<void> {
    await this.#line(topic, partition).partition.trim(before);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { dir, disk, lines, unlock } = this.#opened;
    const all = [...lines.values()];
    try {
      await Promise.all(all.map(({ appender }) => appender.close()));
      if (all.every(({ appender }) => !appender.broken)) {
        // Without the note the next opening takes this end for a crash, which is safe too.
        await writeEnds(dir, endsOf(lines), disk).catch(() => undefined);
      }
    } catch (cause) {
      throw diskError(cause, `close ${dir}`);
    } finally {
      await Promise.all(all.map(({ partition }) => partition.close()));
      await unlock();
    }
  }

  #line(topic: string, partition: number): Line {
    const line = this.#opened.lines.get(nameOf(topic, partition));
    if (!line) throw new RangeError(`the stream has no partition ${partition} of ${topic}`);
    return line;
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

function endsOf(lines: ReadonlyMap<string, Line>): Map<string, number> {
  return new Map([...lines].map(([name, { partition }]) => [name, partition.range.next]));
}

function assertPartitions(partitions: Readonly<Record<string, number>>): void {
  for (const [topic, count] of Object.entries(partitions)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(topic)) throw new RangeError(`${topic} is no topic name`);
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${topic} needs a partition at least`);
  }
}

/** Makes a directory and those above it, durably. */
async function makeDirectory(dir: string, disk: Disk): Promise<void> {
  const highest = await mkdir(dir, { recursive: true, mode: 0o700 });
  if (highest === undefined) return;
  for (let made = dir; made.length >= highest.length; made = dirname(made))
    await disk.syncDirectory(dirname(made));
}

/** A partition that nobody reads any more would hide acknowledged messages. */
async function assertNoneLeftOut(dir: string, partitions: Readonly<Record<string, number>>): Promise<void> {
  for (const name of await readdir(dir)) {
    const match = /^(.+)-(\d+)$/.exec(name);
    const count = match?.[1] === undefined ? undefined : partitions[match[1]];
    if (count !== undefined && Number(match?.[2]) >= count) {
      throw new StreamError("corrupt", `${dir} holds ${name}, beyond the ${count} partitions asked for`);
    }
  }
}
