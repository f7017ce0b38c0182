import type { RetentionFacts } from "./options.ts";

/** A committed segment. */
export interface Segment {
  readonly shard: string;
  /** Its first leaf, and the one after its last. */
  readonly first: number;
  readonly end: number;
  /** SHA-256 of its packets, hex. */
  readonly seg: string;
}

/** What is known elsewhere of some segments. */
export interface Judged {
  /** Whether a record of it is on hold. */
  isHeld(segment: Segment): boolean;
  /** Whether each of its records was disposed of. */
  isDisposed(segment: Segment): boolean;
}

/** Asks the facts for what they say of these segments, and keeps nothing that they say of others. */
export async function judge(facts: RetentionFacts, segments: readonly Segment[]): Promise<Judged> {
  const asked = new Set(segments.map(({ seg }) => seg));
  const shards = new Map<string, Segment[]>();
  for (const segment of segments) {
    const list = shards.get(segment.shard);
    if (list) list.push(segment);
    else shards.set(segment.shard, [segment]);
  }
  for (const list of shards.values()) list.sort((a, b) => a.first - b.first);
  const disposed = new Map<Segment, Marks>();
  for await (const { shard, index } of facts.disposed()) {
    const segment = around(shards.get(shard) ?? [], index);
    if (!segment) continue;
    const marks = disposed.get(segment) ?? new Marks(segment.end - segment.first);
    disposed.set(segment, marks);
    marks.add(index - segment.first);
  }
  const held = new Set<string>();
  for await (const digest of facts.heldSegments()) if (asked.has(digest)) held.add(digest);
  return {
    isHeld: ({ seg }) => held.has(seg),
    isDisposed: (segment) => disposed.get(segment)?.isFull === true,
  };
}

/** Which of so many are marked: a bit each, so that one that is named twice counts once. */
class Marks {
  readonly #bits: Uint8Array;
  #missing: number;

  constructor(count: number) {
    this.#bits = new Uint8Array(Math.ceil(count / 8));
    this.#missing = count;
  }

  add(index: number): void {
    const byte = this.#bits[index >> 3] ?? 0;
    const bit = 1 << (index & 7);
    if ((byte & bit) !== 0) return;
    this.#bits[index >> 3] = byte | bit;
    this.#missing -= 1;
  }

  get isFull(): boolean {
    return this.#missing === 0;
  }
}

/** The segment that a leaf is in. @param segments in order */
function around(segments: readonly Segment[], index: number): Segment | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle] as Segment).first <= index) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low - 1];
  return segment && index < segment.end ? segment : undefined;
}
