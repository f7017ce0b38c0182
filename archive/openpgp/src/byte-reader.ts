import { ArchiveError } from "@daybook/archive-core";
import { lengthStart, longerLength } from "./framing.ts";

const EMPTY = Buffer.alloc(0);
/** RFC 4880 section 4.2.2.4. */
const SMALLEST_FIRST_PART = 512;

/** Reads from chunks of any size. Holds one chunk at a time. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #fail: () => ArchiveError;
  readonly #tap: ((bytes: Buffer) => void) | undefined;
  #chunk: Buffer = EMPTY;

  /**
   * @param fail what to throw when the source ends too early or a length is wrong
   * @param tap sees all bytes in the order in which they are read
   */
  constructor(source: AsyncIterable<Uint8Array>, fail: () => ArchiveError, tap?: (bytes: Buffer) => void) {
    this.#source = source[Symbol.asyncIterator]();
    this.#fail = fail;
    this.#tap = tap;
  }

  /** The next byte, left in place; undefined at the end. */
  async peek(): Promise<number | undefined> {
    await this.#fill();
    return this.#chunk[0];
  }

  /** Between one and `max` bytes, as they come; undefined at the end. */
  async readSome(max: number): Promise<Buffer | undefined> {
    await this.#fill();
    if (this.#chunk.length === 0) return undefined;
    const bytes = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(bytes.length);
    this.#tap?.(bytes);
    return bytes;
  }

  /** Exactly `count` bytes, a small number. */
  async read(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      const part = await this.readSome(missing);
      if (!part) throw this.#fail();
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** One byte. */
  async readByte(): Promise<number> {
    return (await this.read(1)).readUInt8(0);
  }

  /** A definite length of `max` at most. */
  async readLength(max: number): Promise<number> {
    const length = await this.#readLength();
    if (length.partial || length.bytes > max) throw this.#fail();
    return length.bytes;
  }

  /** The body of the packet whose tag was just read: one definite length, or parts and a last one. */
  async *packetBody(): AsyncGenerator<Buffer, void, undefined> {
    for (let isFirst = true; ; isFirst = false) {
      const { bytes, partial } = await this.#readLength();
      if (partial && isFirst && bytes < SMALLEST_FIRST_PART) throw this.#fail();
      for (let missing = bytes; missing > 0;) {
        const part = await this.readSome(missing);
        if (!part) throw this.#fail();
        missing -= part.length;
        yield part;
      }
      if (!partial) return;
    }
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    this.#chunk = EMPTY;
    await this.#source.return?.();
  }

  async #readLength(): Promise<{ bytes: number; partial: boolean }> {
    const first = await this.readByte();
    const start = lengthStart(first);
    if (start.kind !== "longer") return { bytes: start.length, partial: start.kind === "partial" };
    return { bytes: longerLength(first, await this.read(start.octets)), partial: false };
  }

  async #fill(): Promise<void> {
    while (this.#chunk.length === 0) {
      const next = await this.#source.next();
      if (next.done) return;
      this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
  }
}
