import { readSync } from "node:fs";
import { BadFile } from "./problems.ts";

const WINDOW_BYTES = 2 * 1024 * 1024;

/** Reads ranges of a file. What lies near the last range costs no further call. */
export class FileWindow {
  readonly #fd: number;
  readonly #sizeBytes: number;
  #window = Buffer.alloc(0);
  #at = 0;

  constructor(fd: number, sizeBytes: number) {
    this.#fd = fd;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * Exactly `length` bytes, which stay as they are.
   *
   * @throws {BadFile} when the file ends before
   */
  read(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > this.#sizeBytes) throw new BadFile("cut short");
    const from = offset - this.#at;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    const window = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW_BYTES), this.#sizeBytes - offset));
    for (let filled = 0; filled < window.length;) {
      const count = readSync(this.#fd, window, filled, window.length - filled, offset + filled);
      if (count === 0) throw new BadFile("cut short");
      filled += count;
    }
    this.#window = window;
    this.#at = offset;
    return window.subarray(0, length);
  }
}
