import {
  ArchiveError,
  type ArchiveRecord,
  checkpointKey,
  decodeBundle,
  decodeHead,
  decodeLeaf,
  decodeSegment,
  headKey,
  keyBlockKey,
  type Leaf,
  logEntries,
  logFileReader,
  MAX_SEGMENT_RECORDS,
  openCheckpoint,
  parseVkey,
  record as recordSchema,
  segmentKey,
  type Stores,
  type StreamPosition,
  TILE_WIDTH,
  tilePath,
} from "@daybook/archive-core";
import { openPacket, openStream, type SessionKey } from "@daybook/openpgp";
import { createHash, hash } from "node:crypto";
import { ahead } from "./ahead.ts";
import { RecordsError } from "./error.ts";
import type { KeyRing } from "./key-ring.ts";

/** Of 4 MiB each at most. */
const SEGMENTS_AHEAD = 4;

/** Where a record is: its place in the log, and its packet in the segment. */
export interface RecordPlace {
  readonly id: string;
  readonly shard: string;
  /** Index of its leaf. */
  readonly index: number;
  readonly segment: { readonly firstIndex: number; readonly digest: string };
  readonly off: number;
  readonly len: number;
}

/** A committed segment, as the log's entries tell. */
export interface LoggedSegment {
  readonly first: number;
  /** SHA-256 of its packets, hex. */
  readonly seg: string;
  readonly entries: readonly Buffer[];
}

/** A committed segment, checked against the log. */
export interface WalkedSegment {
  readonly shard: string;
  readonly first: number;
  readonly seg: string;
  readonly entries: readonly Buffer[];
  readonly leaves: readonly Leaf[];
  /** @returns undefined where the record's key is gone; @throws {ArchiveError} `corrupt` if it is not what was logged */
  record(i: number): ArchiveRecord | undefined;
}

/** How far a shard is. */
export interface ShardState {
  /** Leaves that the published checkpoint covers, its signature checked. */
  readonly size: number;
  /** Where the head is in the stream. */
  readonly stream: StreamPosition;
}

export interface ArchiveReaderOptions {
  readonly stores: Pick<Stores, "records" | "heads">;
  readonly keys: KeyRing;
  /** Verifier key of each shard's log, by shard. */
  readonly vkeys: Readonly<Record<string, string>>;
}

/** Opens what the archive holds: one record at a time, or a shard from end to end. */
export class ArchiveReader {
  readonly #options: ArchiveReaderOptions;

  constructor(options: ArchiveReaderOptions) {
    this.#options = options;
  }

  get keys(): KeyRing {
    return this.#options.keys;
  }

  /** Of every shard, `audit` included. */
  get shards(): readonly string[] {
    return Object.keys(this.#options.vkeys);
  }

  /**
   * One record, from its place.
   *
   * @throws {RecordsError} `disposed`; `corrupt` when another record is there
   * @throws {ArchiveError} `store-unavailable` (retryable), `object-missing`, `undecryptable`
   */
  async open(place: RecordPlace): Promise<ArchiveRecord> {
    const { shard, index, segment, off, len } = place;
    const keys = await this.#options.keys.keys(keyBlockKey(shard, segment.firstIndex, segment.digest));
    const key = keys.of(index);
    if (!key) throw new RecordsError("disposed", "the record was destroyed under authority");
    const packet = await this.#options.stores.records.get(
      segmentKey(shard, segment.firstIndex, segment.digest),
      {
        start: off,
        end: off + len,
      },
    );
    const opened = parseRecord(openPacket(packet, key));
    if (opened.id !== place.id)
      throw new RecordsError("corrupt", "the catalogue points at another record: rebuild it");
    return opened;
  }

  /**
   * An attachment's content, in pieces, which prove nothing until the iteration has ended without an error: until
   * then the last of them is withheld.
   *
   * @param n its number among the record's attachments, from 0
   */
  async attachment(place: RecordPlace, of: ArchiveRecord, n: number): Promise<AsyncIterable<Uint8Array>> {
    const ref = of.attachments?.[n];
    if (!ref) throw new RecordsError("not-found", "the record has no such attachment");
    const { shard, index, segment } = place;
    const keys = await this.#options.keys.keys(keyBlockKey(shard, segment.firstIndex, segment.digest));
    const key = keys.of(index, n);
    if (!key) throw new RecordsError("disposed", "the attachment was destroyed under authority");
    return checked(
      openStream(this.#options.stores.records.stream(`attachment/${ref.sealed}`), key),
      ref.sha256,
    );
  }

  /**
   * Leaves as they were logged, by index. Each bundle of entries is read once.
   *
   * @throws {ArchiveError} `object-missing`, `store-unavailable` (retryable)
   */
  async entries(shard: string, indexes: Iterable<number>): Promise<Map<number, Buffer>> {
    const size = (await this.state(shard))?.size ?? 0;
    const read = logFileReader(this.#options.stores, shard);
    const found = new Map<number, Buffer>();
    let bundle = -1;
    let entries: Buffer[] = [];
    for (const index of [...indexes].sort((a, b) => a - b)) {
      if (index >= size) throw new RecordsError("not-found", "the log has no such leaf");
      if (Math.floor(index / TILE_WIDTH) !== bundle) {
        bundle = Math.floor(index / TILE_WIDTH);
        entries = decodeBundle(
          await read(tilePath("entries", bundle, Math.min(size - bundle * TILE_WIDTH, TILE_WIDTH))),
        );
      }
      found.set(index, entries[index % TILE_WIDTH] as Buffer);
    }
    return found;
  }

  /**
   * How far a shard's log is published: its files are there up to this size. Undefined for one that holds nothing
   * yet.
   *
   * @throws {ArchiveError} `corrupt`: not signed by its key
   */
  async state(shard: string): Promise<ShardState | undefined> {
    const { heads } = this.#options.stores;
    // The head may be ahead of what is published, never behind.
    const published = await heads.read(checkpointKey(shard));
    const head = await heads.read(headKey(shard));
    if (!published || !head) return undefined;
    const { size } = openCheckpoint(Buffer.from(published.body).toString(), parseVkey(this.vkey(shard)));
    return { size, stream: decodeHead(head.body).stream };
  }

  /** @throws {RecordsError} `not-found` */
  vkey(shard: string): string {
    const vkey = this.#options.vkeys[shard];
    if (vkey === undefined) throw new RecordsError("not-found", "there is no such shard");
    return vkey;
  }

  /**
   * The committed segments that hold records from `from` to `size`, in order, each read whole and checked
   * against the log's entries. The next few are fetched and their keys opened meanwhile: no more are in memory.
   */
  walk(shard: string, span: { from: number; size: number }): AsyncIterable<WalkedSegment> {
    return ahead(this.segments(shard, span), SEGMENTS_AHEAD, (segment) => this.#load(shard, segment));
  }

  /** The committed segments that hold records from `from` to `size`, in order. One is in memory at a time. */
  async *segments(
    shard: string,
    { from, size }: { from: number; size: number },
  ): AsyncGenerator<LoggedSegment, void, undefined> {
    const read = logFileReader(this.#options.stores, shard);
    let open: { first: number; seg: string; entries: Buffer[] } | undefined;
    // A segment begins at most this much earlier, with a packet at offset 0.
    const start = Math.max(0, from - MAX_SEGMENT_RECORDS + 1);
    for await (const { index, entry } of logEntries(read, size, start)) {
      const { seg, off } = decodeLeaf(entry);
      if (off === 0) {
        if (open && open.first + open.entries.length > from) yield open;
        open = { first: index, seg, entries: [] };
      }
      open?.entries.push(entry);
    }
    if (open && open.first + open.entries.length > from) yield open;
  }

  async #load(shard: string, of: LoggedSegment): Promise<WalkedSegment> {
    const { first, seg, entries } = of;
    const block = keyBlockKey(shard, first, seg);
    const stored = await this.#options.stores.records
      .get(segmentKey(shard, first, seg))
      .catch((error: unknown) => {
        if (error instanceof ArchiveError && error.code === "object-missing") return error;
        throw error;
      });
    if (stored instanceof ArchiveError) {
      // When every record is disposed of, the segment goes with its lock; a key that is left was of a live one.
      const left = await this.#options.keys.read(block);
      if (entries.some((_, i) => left.of(first + i))) throw stored;
      return { shard, first, seg, entries, leaves: entries.map(decodeLeaf), record: () => undefined };
    }
    const segment = decodeSegment(stored);
    const same =
      segment.seg === seg &&
      segment.trailer.first === first &&
      segment.entries.length === entries.length &&
      segment.entries.every((entry, i) => entry.equals(entries[i] as Buffer));
    if (!same)
      throw new ArchiveError(
        "corrupt",
        `the segment at ${first} of shard ${shard} is not the one in the log`,
      );
    const keys = await this.#options.keys.read(block);
    return {
      shard,
      first,
      seg,
      entries,
      leaves: segment.leaves,
      record: (i) => {
        const key = keys.of(first + i);
        return key && openLogged(segment.packet(i), key, segment.leaves[i] as Leaf);
      },
    };
  }
}

/**
 * The same content, of which the last piece comes only when all of it is found to be what the record names: whoever
 * counts bytes sees that an altered one is not whole.
 *
 * @throws {ArchiveError} `corrupt`
 */
async function* checked(content: AsyncIterable<Uint8Array>, sha256: string): AsyncIterable<Uint8Array> {
  const digest = createHash("sha256");
  let last: Uint8Array | undefined;
  for await (const piece of content) {
    digest.update(piece);
    if (last) yield last;
    last = piece;
  }
  if (digest.digest("hex") !== sha256) {
    throw new ArchiveError("corrupt", "an attachment is not the one that its record names");
  }
  if (last) yield last;
}

function openLogged(packet: Buffer, key: SessionKey, leaf: Leaf): ArchiveRecord {
  const plain = openPacket(packet, key);
  if (hash("sha256", plain) !== leaf.rec)
    throw new ArchiveError("corrupt", "a record is not the one that was logged");
  const opened = parseRecord(plain);
  if (opened.id !== leaf.id) throw new ArchiveError("corrupt", "a record is logged under another id");
  return opened;
}

/** Whether it is the canonical JSON that was logged is for its digest to say, where that is at hand. */
function parseRecord(plain: Buffer): ArchiveRecord {
  const parsed = recordSchema.safeParse(JSON.parse(plain.toString("utf8")));
  if (!parsed.success) throw new ArchiveError("corrupt", "a record does not fit its schema");
  return parsed.data;
}
