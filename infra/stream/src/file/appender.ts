import { setImmediate } from "node:timers/promises";
import { StreamError } from "../port.ts";
import { type Disk, type DiskFile, diskError, isFull } from "./disk.ts";
import { encodeGroup, FRAME_HEADER_BYTES } from "./frame.ts";
import type { Partition } from "./partition.ts";
import { Segment } from "./segment.ts";

/** A flush takes at most this much, bytes, and at least one send. */
const GROUP_BYTES = 4 * 1024 * 1024;
/** Groups up to this size are made in one place again and again: what is let go of too fast keeps the collector busy. */
const SCRATCH_BYTES = 512 * 1024;

interface Send {
  readonly payloads: readonly Uint8Array[];
  readonly bytes: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: StreamError) => void;
}

export interface AppenderOptions {
  readonly partition: Partition;
  /** The active file, open for writing. */
  readonly file: DiskFile;
  readonly disk: Disk;
  readonly segmentBytes: number;
  readonly queueBytes: number;
}

/**
 * The one writer of a partition. Sends that arrive while a flush runs are written together and made durable by
 * one fdatasync, as soon as that flush is done.
 */
export class Appender {
  readonly #partition: Partition;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  readonly #queueBytes: number;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #file: DiskFile;
  #queue: Send[] = [];
  #queuedBytes = 0;
  #flushing: Promise<void> | undefined;
  #closed = false;
  #broken: StreamError | undefined;

  constructor(options: AppenderOptions) {
    this.#partition = options.partition;
    this.#disk = options.disk;
    this.#segmentBytes = options.segmentBytes;
    this.#queueBytes = options.queueBytes;
    this.#file = options.file;
  }

  /** Whether a write failed in a way that only opening the stream again can put right. */
  get broken(): boolean {
    return this.#broken !== undefined;
  }

  /** As `StreamProducer.send`; `payloads` is not empty. */
  send(payloads: readonly Uint8Array[]): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new StreamError("closed", "the stream is closed");
      if (this.#broken) throw this.#refusal(this.#broken);
      const bytes = payloads.reduce((sum, payload) => sum + frameBytes(payload), 0);
      if (this.#queue.length > 0 && this.#queuedBytes + bytes > this.#queueBytes) {
        throw new StreamError("unavailable", `too much waits to be written to ${this.#partition.name}`);
      }
      this.#queue.push({ payloads, bytes, resolve, reject });
      this.#queuedBytes += bytes;
      this.#flushing ??= this.#flush();
    });
  }

  /** Writes what was sent before, then closes the file. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      // Whatever is sent in this turn of the event loop, by those just answered too, goes into the same group.
      await setImmediate();
      const group = this.#take();
      try {
        let offset = await this.#write(group.flatMap(({ payloads }) => payloads));
        for (const { payloads, resolve } of group) {
          resolve(offset);
          offset += payloads.length;
        }
      } catch (cause) {
        const error = diskError(cause, `write to ${this.#partition.name}`);
        for (const { reject } of group) reject(error);
      }
    }
    this.#flushing = undefined;
  }

  #take(): Send[] {
    let count = 0;
    let bytes = 0;
    for (const send of this.#queue) {
      if (count > 0 && bytes + send.bytes > GROUP_BYTES) break;
      count += 1;
      bytes += send.bytes;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  /** @returns offset of the first payload, once all are durable */
  async #write(payloads: readonly Uint8Array[]): Promise<number> {
    if (this.#broken) throw this.#refusal(this.#broken);
    const partition = this.#partition;
    if ((partition.active.sizeBytes ?? 0) >= this.#segmentBytes) await this.#roll();
    const first = partition.range.next;
    const position = partition.active.sizeBytes ?? 0;
    try {
      await this.#file.write(encodeGroup(payloads, first, this.#scratch), position);
    } catch (cause) {
      if (!isFull(cause)) throw await this.#break(cause, position);
      await this.#takeBack(position);
      throw cause;
    }
    try {
      await this.#file.datasync();
    } catch (cause) {
      throw await this.#break(cause, position);
    }
    partition.extend(payloads, frameBytes);
    return first;
  }

  /** Removes what a write without room left behind, durably: nothing of a refused send may come back. */
  async #takeBack(position: number): Promise<void> {
    try {
      await this.#file.truncate(position);
      await this.#file.datasync();
    } catch (cause) {
      throw await this.#break(cause, position);
    }
  }

  /**
   * Refuses everything from now on. After a failed fdatasync the system may have dropped what it could not
   * write, and calls it clean: to repeat the fdatasync would succeed and prove nothing.
   */
  async #break(cause: unknown, position: number): Promise<StreamError> {
    this.#broken = new StreamError("unavailable", `the disk failed to keep ${this.#partition.name}`, {
      cause,
    });
    await this.#file.truncate(position).catch(() => undefined);
    return this.#broken;
  }

  #refusal(cause: StreamError): StreamError {
    return new StreamError("unavailable", `${this.#partition.name} takes nothing until it is opened again`, {
      cause,
    });
  }

  /** Every file but the active one is whole and durable. */
  async #roll(): Promise<void> {
    const { directory, range } = this.#partition;
    const segment = new Segment(directory, range.next);
    const file = await this.#disk.open(segment.path, "create");
    try {
      await this.#disk.syncDirectory(directory);
      await this.#file.close();
    } catch (cause) {
      await file.close();
      throw await this.#break(cause, this.#partition.active.sizeBytes ?? 0);
    }
    this.#file = file;
    this.#partition.roll(segment);
  }
}

function frameBytes(payload: Uint8Array): number {
  return FRAME_HEADER_BYTES + payload.length;
}
