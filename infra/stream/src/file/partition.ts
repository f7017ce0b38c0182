import { mkdir, readdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StreamError } from "../port.ts";
import { type Disk, type DiskFile, diskError, systemCode } from "./disk.ts";
import { recoverSegment } from "./recover.ts";
import { lastAtOrBelow, Segment, segmentBase } from "./segment.ts";

/** What is durable of one partition: its files, and who waits for more. It sees nothing that is being written. */
export class Partition {
  /** Topic and partition, as its directory is named. */
  readonly name: string;
  readonly directory: string;
  readonly #disk: Disk;
  readonly #segments: Segment[];
  readonly #waiters = new Set<() => void>();
  #next: number;
  #closed = false;
  #trimming: Promise<void> = Promise.resolve();

  private constructor(directory: string, name: string, disk: Disk, segments: Segment[], next: number) {
    this.directory = directory;
    this.name = name;
    this.#disk = disk;
    this.#segments = segments;
    this.#next = next;
  }

  /**
   * Opens a partition, making it where there is none, and repairs what a crash left.
   *
   * @param closedAt where it ended when it was closed in good order, if it was
   * @returns the partition, and its last file, open for writing
   * @throws {StreamError} `corrupt`, `full`, `unavailable`
   */
  static async open(
    root: string,
    name: string,
    disk: Disk,
    closedAt: number | undefined,
  ): Promise<{ partition: Partition; file: DiskFile }> {
    const directory = join(root, name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await disk.syncDirectory(dirname(directory));
    const bases = (await readdir(directory)).flatMap((file) => segmentBase(file) ?? []).sort((a, b) => a - b);
    const segments = bases.map((base) => new Segment(directory, base));
    for (const [i, segment] of segments.entries()) segment.end = bases[i + 1];
    const last = segments.at(-1) ?? new Segment(directory, 0);
    if (segments.length === 0) segments.push(last);

    const file = await disk.open(last.path, bases.length === 0 ? "create" : "write");
    try {
      const next = await recoverSegment(file, last, name, closedAt);
      await disk.syncDirectory(directory);
      return { partition: new Partition(directory, name, disk, segments, next), file };
    } catch (cause) {
      await file.close();
      throw cause;
    }
  }

  /** `first`: offset of the oldest message kept; `next`: offset that the next durable message gets. */
  get range(): { first: number; next: number } {
    return { first: this.#segments[0]?.base ?? this.#next, next: this.#next };
  }

  /** The file that is appended to. */
  get active(): Segment {
    const last = this.#segments.at(-1);
    if (!last) throw new StreamError("corrupt", `${this.name} has no files`);
    return last;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The file that holds a message; undefined when it is trimmed. */
  segmentOf(offset: number): Segment | undefined {
    return this.#segments[
      lastAtOrBelow(
        this.#segments.map(({ base }) => base),
        offset,
      )
    ];
  }

  /** The files that hold messages from `offset` on, oldest first. */
  segmentsFrom(offset: number): readonly Segment[] {
    const first = this.segmentOf(offset);
    return first ? this.#segments.slice(this.#segments.indexOf(first)) : [...this.#segments];
  }

  /** Takes up messages that have become durable at the end of the active file, and wakes who waits for them. */
  extend(payloads: readonly Uint8Array[], frameBytes: (payload: Uint8Array) => number): void {
    const { active } = this;
    let position = active.sizeBytes ?? 0;
    for (const payload of payloads) {
      active.note(this.#next, position);
      this.#next += 1;
      position += frameBytes(payload);
    }
    active.sizeBytes = position;
    this.#wake();
  }

  /** Takes up a new, empty and durable file after the active one. */
  roll(segment: Segment): void {
    segment.sizeBytes = 0;
    this.active.end = segment.base;
    this.#segments.push(segment);
  }

  /** Resolves when more has become durable, or on abort, or when the partition is closed. */
  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener("abort", done);
    });
  }

  /**
   * Removes the files that hold only messages below `before`, oldest first, never the active one.
   *
   * @throws {StreamError} `unavailable`
   */
  trim(before: number): Promise<void> {
    const trimmed = this.#trimming.then(() => this.#trim(before));
    this.#trimming = trimmed.catch(() => undefined);
    return trimmed;
  }

  async #trim(before: number): Promise<void> {
    for (;;) {
      const [oldest, second] = this.#segments;
      if (!oldest || !second || second.base > before || this.#closed) return;
      this.#segments.shift();
      try {
        await unlink(oldest.path);
        // Each removal on its own: after a crash there must be no hole between the files.
        await this.#disk.syncDirectory(this.directory);
      } catch (cause) {
        if (systemCode(cause) !== "ENOENT") throw diskError(cause, `trim ${this.name}`);
      }
    }
  }

  /** Wakes every reader; each then ends with `closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#trimming;
  }

  #wake(): void {
    for (const done of [...this.#waiters]) done();
  }
}
