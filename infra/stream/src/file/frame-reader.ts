import type { DiskFile } from "./disk.ts";
import { FRAME_HEADER_BYTES, frameAt, type FrameState, isFirstOfGroup, lengthOf } from "./frame.ts";

/** Reads the frames of one file in order, a chunk at a time. */
export class FrameReader {
  readonly #file: Pick<DiskFile, "read">;
  #chunk: Buffer = Buffer.alloc(0);
  /** Place of the next frame in the chunk. */
  #at = 0;
  #position: number;
  #offset: number;

  constructor(file: Pick<DiskFile, "read">, from: { offset: number; position: number }) {
    this.#file = file;
    this.#offset = from.offset;
    this.#position = from.position;
  }

  /** Place of the next frame in the file, bytes. */
  get position(): number {
    return this.#position;
  }

  /** Offset of the next message. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether the next frame is in memory, whole; without reading. */
  get state(): FrameState {
    return frameAt(this.#chunk, this.#at, this.#offset);
  }

  /** Payload length that the next frame claims; its header must be in memory. */
  get length(): number {
    return lengthOf(this.#chunk.readUInt32BE(this.#at));
  }

  /** Whether the next frame begins a group; its header must be in memory. */
  get firstOfGroup(): boolean {
    return isFirstOfGroup(this.#chunk.readUInt32BE(this.#at));
  }

  /**
   * Has the next frame in memory if it lies before `end`, and `chunkBytes` or more of what follows, if there is.
   *
   * @returns `short` when the file, up to `end`, holds only the beginning of a frame, or nothing
   */
  async load(end: number, chunkBytes: number): Promise<FrameState> {
    const state = this.state;
    if (state !== "short") return state;
    await this.#read(Math.min(end - this.#position, chunkBytes));
    const found = this.state;
    if (found !== "short" || this.#chunk.length < FRAME_HEADER_BYTES) return found;
    await this.#read(Math.min(end - this.#position, FRAME_HEADER_BYTES + this.length));
    return this.state;
  }

  /** Passes over the next frame, which must be whole. @returns its payload, a view of the chunk */
  take(): Buffer {
    const start = this.#at + FRAME_HEADER_BYTES;
    const end = start + this.length;
    const payload = this.#chunk.subarray(start, end);
    this.#position += end - this.#at;
    this.#at = end;
    this.#offset += 1;
    return payload;
  }

  /** Each chunk is a buffer of its own, because payloads that were handed out are views of it. */
  async #read(bytes: number): Promise<void> {
    const chunk = Buffer.allocUnsafeSlow(Math.max(bytes, 0));
    const read = await this.#file.read(chunk, this.#position);
    this.#chunk = chunk.subarray(0, read);
    this.#at = 0;
  }
}
