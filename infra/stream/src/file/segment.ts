import { join } from "node:path";

/** How far apart the places that are remembered lie, bytes. */
const INDEX_INTERVAL_BYTES = 64 * 1024;

/** One file of a partition, and where in it some of its messages are. */
export class Segment {
  /** Offset of its first message. */
  readonly base: number;
  readonly path: string;
  /** Offset after its last message; undefined while it is appended to. */
  end: number | undefined;
  /** Bytes of it that are durable; undefined for an older file until somebody asks the disk. */
  sizeBytes: number | undefined;
  readonly #offsets: number[] = [];
  readonly #positions: number[] = [];

  constructor(directory: string, base: number) {
    this.base = base;
    this.path = join(directory, segmentName(base));
  }

  /** Remembers where a message is, if none nearby is known. To be called in order. */
  note(offset: number, position: number): void {
    if (position < (this.#positions.at(-1) ?? 0) + INDEX_INTERVAL_BYTES) return;
    this.#offsets.push(offset);
    this.#positions.push(position);
  }

  /** The nearest known place at or before a message. */
  placeBefore(offset: number): { offset: number; position: number } {
    const i = lastAtOrBelow(this.#offsets, offset);
    return { offset: this.#offsets[i] ?? this.base, position: this.#positions[i] ?? 0 };
  }
}

/** Index of the last of ascending `values` that is at most `value`; -1 if none is. */
export function lastAtOrBelow(values: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** File name of a segment: its first offset, in digits that sort. */
export function segmentName(base: number): string {
  return `${String(base).padStart(20, "0")}.log`;
}

/** Undefined for a name that is no segment's. */
export function segmentBase(name: string): number | undefined {
  if (!/^\d{20}\.log$/.test(name)) return undefined;
  const base = Number(name.slice(0, 20));
  return Number.isSafeInteger(base) ? base : undefined;
}
