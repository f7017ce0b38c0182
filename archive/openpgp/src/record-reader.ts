import { ArchiveError, keyBlockKey, type MutableStore, segmentKey, type Stores } from "@daybook/archive-core";
import { type KeyLine, readKeyBlock } from "./key-block.ts";
import type { PrivateKey } from "./keys.ts";
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

export interface RecordReaderOptions {
  readonly stores: Pick<Stores, "records" | "keyring">;
  readonly privateKey: PrivateKey;
  /** Decrypted key blocks kept in memory: 4,096 keys each at most. */
  readonly maxBlocks?: number;
  /** Segments kept in memory by `openAll`, for reads that go through them in order. */
  readonly maxSegments?: number;
}

type Keys = ReadonlyMap<
  number,
  { readonly record?: SessionKey; readonly attachments: ReadonlyMap<number, SessionKey> }
>;

/** Reads sealed records by the keyring. The only holder of decrypted session keys: forget blocks on disposal. */
export class RecordReader {
  readonly #options: RecordReaderOptions;
  readonly #blocks = new Map<string, Promise<Keys>>();
  readonly #segments = new Map<string, Promise<Uint8Array>>();

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /**
   * Opens one record by a ranged read.
   *
   * @throws {ArchiveError} `undecryptable` when its key is gone; `object-missing`; `store-unavailable` (retryable)
   */
  async open(place: SealedPlace): Promise<OpenedRecord> {
    const { shard, segment, off, len } = place;
    const [keys, packet] = await Promise.all([
      this.#keys(place),
      this.#options.stores.records.get(segmentKey(shard, segment.firstIndex, segment.digest), {
        start: off,
        end: off + len,
      }),
    ]);
    return opened(packet, keys, place.index);
  }

  /** The same for many records of the same segments, each segment read once. */
  async openFromSegment(place: SealedPlace): Promise<OpenedRecord> {
    const { shard, segment, off, len } = place;
    const key = segmentKey(shard, segment.firstIndex, segment.digest);
    const bytes = await recall(this.#segments, key, this.#options.maxSegments ?? 4, () =>
      this.#options.stores.records.get(key),
    );
    return opened(bytes.subarray(off, off + len), await this.#keys(place), place.index);
  }

  /** An attachment's content, yielded only once all of it is found whole. @param sealed its digest, from the record */
  async *attachment(sealed: string, key: SessionKey): AsyncGenerator<Uint8Array, void, undefined> {
    yield* openVerified(() => this.#options.stores.records.stream(`attachment/${sealed}`), key);
  }

  /** Drops a block from memory: after its lines were changed. */
  forget({ shard, segment }: Pick<SealedPlace, "shard" | "segment">): void {
    this.#blocks.delete(keyBlockKey(shard, segment.firstIndex, segment.digest));
  }

  #keys({ shard, segment }: SealedPlace): Promise<Keys> {
    const key = keyBlockKey(shard, segment.firstIndex, segment.digest);
    const { stores, privateKey, maxBlocks = 512 } = this.#options;
    return recall(this.#blocks, key, maxBlocks, () => readKeys(stores.keyring, key, privateKey));
  }
}

async function readKeys(keyring: MutableStore, key: string, privateKey: PrivateKey): Promise<Keys> {
  const block = await keyring.read(key);
  if (!block) throw new ArchiveError("undecryptable", "the segment's session keys are gone");
  return byIndex(await readKeyBlock(block.body, privateKey));
}

function byIndex(lines: readonly KeyLine[]): Keys {
  const keys = new Map<number, { record?: SessionKey; attachments: Map<number, SessionKey> }>();
  for (const { index, attachment, key } of lines) {
    const entry = keys.get(index) ?? { attachments: new Map<number, SessionKey>() };
    if (attachment === undefined) entry.record = key;
    else entry.attachments.set(attachment, key);
    keys.set(index, entry);
  }
  return keys;
}

function opened(packet: Uint8Array, keys: Keys, index: number): OpenedRecord {
  const entry = keys.get(index);
  if (!entry?.record) throw new ArchiveError("undecryptable", "the record's session key is gone");
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  return {
    json: openPacket(bytes, entry.record),
    packet: bytes,
    key: entry.record,
    attachmentKeys: entry.attachments,
  };
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
