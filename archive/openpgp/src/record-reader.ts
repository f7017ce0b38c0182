import { ArchiveError, keyBlockKey, type MutableStore, segmentKey, type Stores } from "@daybook/archive-core";
import { BlockKeys } from "./block-keys.ts";
import { readKeyBlock } from "./key-block.ts";
import type { KeyHolder } from "./keys.ts";
import { openPacket } from "./packet.ts";
import type { SessionKey } from "./session-key.ts";
import { openVerified } from "./stream.ts";

/** Where a sealed record is: its leaf's index and place in its segment. */
export interface SealedPlace {
  readonly shard: string;
  readonly index: number;
  readonly segment: { readonly firstIndex: number; readonly digest: string };
  readonly off: number;
  readonly len: number;
}

/** A record, opened. */
export interface OpenedRecord {
  /** Its canonical JSON, as sealed. */
  readonly json: Buffer;
  readonly packet: Buffer;
  readonly key: SessionKey;
  /** Keys of its attachments, by their place in the record's list. */
  readonly attachmentKeys: ReadonlyMap<number, SessionKey>;
}

/** Records of one segment that were asked for one after the other. */
export interface SegmentRun<P extends SealedPlace> {
  readonly places: readonly P[];
  /**
   * Opens one of `places`; undefined when its session key was destroyed.
   *
   * @throws {ArchiveError} `undecryptable`, `malformed`: the sealed bytes were altered
   */
  open(place: P): OpenedRecord | undefined;
}

export interface RecordReaderOptions {
  readonly stores: Pick<Stores, "records" | "keyring">;
  /** With the archive's private keys: `anyOf` where there are several. */
  readonly holder: KeyHolder;
  /** Decrypted key blocks kept in memory: some 160 KB each at most. */
  readonly maxBlocks?: number;
}

/** Records of a run that are further apart than this are read by themselves, in bytes. */
const MAX_GAP = 256 * 1024;

/** Reads sealed records by the keyring. The only holder of decrypted session keys: forget blocks on disposal. */
export class RecordReader {
  readonly #options: RecordReaderOptions;
  readonly #blocks = new Map<string, Promise<BlockKeys>>();

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /**
   * Opens one record by a ranged read.
   *
   * @throws {ArchiveError} `undecryptable` when its key is gone; `object-missing`; `store-unavailable` (retryable)
   */
  async open(place: SealedPlace): Promise<OpenedRecord> {
    const [keys, packet] = await Promise.all([
      this.#keys(place),
      this.#read(place, place.off, place.off + place.len),
    ]);
    const record = opened(packet, keys, place.index);
    if (!record) throw new ArchiveError("undecryptable", "the record's session key is gone");
    return record;
  }

  /**
   * The same for many records, in the order given: what lies together in a segment is read together, while the run
   * before it is in use. Two runs are in memory at a time.
   *
   * @throws {ArchiveError} `object-missing`; `store-unavailable` (retryable)
   */
  async *inRuns<P extends SealedPlace>(places: Iterable<P>): AsyncGenerator<SegmentRun<P>, void, undefined> {
    let ahead: Promise<SegmentRun<P>> | undefined;
    for (const run of runsOf(places)) {
      const loading = this.#load(run);
      // Whoever comes to it learns of its failure; when nobody does, nobody need.
      loading.catch(() => undefined);
      if (ahead) yield await ahead;
      ahead = loading;
    }
    if (ahead) yield await ahead;
  }

  /** An attachment's content, yielded only once all of it is found whole. @param sealed its digest, from the record */
  async *attachment(sealed: string, key: SessionKey): AsyncGenerator<Uint8Array, void, undefined> {
    yield* openVerified(() => this.#options.stores.records.stream(`attachment/${sealed}`), key);
  }

  /** Drops a block from memory: after its lines were changed. */
  forget({ shard, segment }: Pick<SealedPlace, "shard" | "segment">): void {
    this.#blocks.delete(keyBlockKey(shard, segment.firstIndex, segment.digest));
  }

  async #load<P extends SealedPlace>(places: readonly P[]): Promise<SegmentRun<P>> {
    const [first] = places as readonly [P];
    const [keys, spans] = await Promise.all([
      this.#keys(first).catch(noneWhereGone),
      Promise.all(
        spansOf(places).map(async ({ start, end }) => ({
          start,
          end,
          bytes: await this.#read(first, start, end),
        })),
      ),
    ]);
    let span = spans[0];
    return {
      places,
      open({ off, len, index }) {
        if (!span || off < span.start || off + len > span.end)
          span = spans.find(({ start, end }) => off >= start && off + len <= end);
        if (!span) throw new RangeError("not a record of this run");
        return opened(span.bytes.subarray(off - span.start, off - span.start + len), keys, index);
      },
    };
  }

  #read({ shard, segment }: SealedPlace, start: number, end: number): Promise<Uint8Array> {
    return this.#options.stores.records.get(segmentKey(shard, segment.firstIndex, segment.digest), {
      start,
      end,
    });
  }

  #keys({ shard, segment }: SealedPlace): Promise<BlockKeys> {
    const key = keyBlockKey(shard, segment.firstIndex, segment.digest);
    const { stores, holder, maxBlocks = 512 } = this.#options;
    return recall(this.#blocks, key, maxBlocks, () => readKeys(stores.keyring, key, holder));
  }
}

/** Places of one segment that follow each other. */
function* runsOf<P extends SealedPlace>(places: Iterable<P>): Generator<P[], void, undefined> {
  let run: P[] = [];
  for (const place of places) {
    const [first] = run;
    if (
      first &&
      (first.segment.firstIndex !== place.segment.firstIndex ||
        first.shard !== place.shard ||
        first.segment.digest !== place.segment.digest)
    ) {
      yield run;
      run = [];
    }
    run.push(place);
  }
  if (run.length > 0) yield run;
}

/** What to read for places of one segment. */
function spansOf(places: readonly SealedPlace[]): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = [];
  for (const { off, len } of places.toSorted((a, b) => a.off - b.off)) {
    const last = spans.at(-1);
    if (last && off - last.end <= MAX_GAP) last.end = Math.max(last.end, off + len);
    else spans.push({ start: off, end: off + len });
  }
  return spans;
}

/** A block that was destroyed is no failure of a run; one that was altered is. */
function noneWhereGone(error: unknown): BlockKeys {
  if (error instanceof BlockGone) return new BlockKeys([]);
  throw error;
}

class BlockGone extends ArchiveError {
  constructor() {
    super("undecryptable", "the segment's session keys are gone");
  }
}

async function readKeys(keyring: MutableStore, key: string, holder: KeyHolder): Promise<BlockKeys> {
  const block = await keyring.read(key);
  if (!block) throw new BlockGone();
  return new BlockKeys(await readKeyBlock(block.body, holder));
}

function opened(packet: Uint8Array, keys: BlockKeys, index: number): OpenedRecord | undefined {
  const key = keys.record(index);
  if (!key) return undefined;
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  return { json: openPacket(bytes, key), packet: bytes, key, attachmentKeys: keys.attachments(index) };
}

/** A bounded cache in order of use; what fails is not kept. */
async function recall<T>(
  cache: Map<string, Promise<T>>,
  key: string,
  max: number,
  load: () => Promise<T>,
): Promise<T> {
  const known = cache.get(key);
  if (known) {
    cache.delete(key);
    cache.set(key, known);
    return known;
  }
  const loading = load();
  cache.set(key, loading);
  if (cache.size > max) cache.delete(cache.keys().next().value as string);
  try {
    return await loading;
  } catch (error) {
    cache.delete(key);
    throw error;
  }
}
