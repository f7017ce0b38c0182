import { type CheckpointSigner, openCheckpoint, parseVkey, readCheckpoint } from "./checkpoint.ts";
import { ArchiveError } from "./error.ts";
import { assertExtends, type SeenLog } from "./extension.ts";
import { decodeHead, encodeHead, type Head, headKey, type StreamPosition } from "./head.ts";
import { checkpointKey } from "./log-files.ts";
import { EMPTY_ROOT } from "./merkle.ts";
import type { MutableStore, Stores } from "./ports.ts";
import { partialPaths, resumeTree } from "./right-edge.ts";
import { encodeSegment, keyBlockKey, packRecords, type SealedRecord, segmentKey } from "./segment.ts";
import { rootFromEdge, Tree, type TreeFiles } from "./tree.ts";

const DAY_MS = 86_400_000;

export interface ShardLogOptions {
  readonly shard: string;
  readonly signer: CheckpointSigner;
  readonly stores: Stores;
  /** Days that new objects are locked for. */
  readonly lockDays: number;
  readonly now: () => Date;
  /** What an earlier life of this writer saw of the log. */
  readonly seen?: SeenLog;
}

interface StoredHead {
  readonly head: Head;
  readonly tag: string;
}

/** A segment that is built and not yet committed. */
export interface Draft {
  /** Log index of its first record. */
  readonly first: number;
  /** Leaves of the tree with it. */
  readonly size: number;
  /** SHA-256 of its packets, hex. */
  readonly seg: string;
  /** Key of the segment object. */
  readonly key: string;
  /** Per record: offset and length of its packet in the segment, bytes. */
  readonly places: readonly { readonly off: number; readonly len: number }[];
  readonly bytes: Uint8Array;
  readonly edge: readonly Buffer[];
  readonly root: Buffer;
  readonly files: TreeFiles;
}

/**
 * The one writer of a shard. Drafting may run ahead of committing; drafts are committed in the order they
 * were made. The commit order is design.md's: key block, segment, head (the commit point), what derives
 * from it. A crash anywhere leaves either no trace that counts or a committed segment.
 */
export class ShardLog {
  readonly #options: ShardLogOptions;
  readonly #tree: Tree;
  #previous: string | null;
  #head: StoredHead | undefined;
  /** The draft whose head is in place but whose files may not all be published. */
  #unpublished: Draft | undefined;
  /** Paths of the partial files of the published size and of the one before it. */
  #partials: readonly string[][];

  private constructor(options: ShardLogOptions, tree: Tree, head: StoredHead | undefined) {
    this.#options = options;
    this.#tree = tree;
    this.#head = head;
    this.#previous = head?.head.segment ?? null;
    this.#partials = [partialPaths(head?.head.previousSize ?? 0)];
  }

  /**
   * Takes up a shard where its head stands and completes what a crash left unpublished.
   *
   * @throws {ArchiveError} `corrupt` when head, checkpoint and tiles do not agree; `fork` when they do not continue
   *   what was seen; `store-unavailable` (retryable)
   */
  static async open(options: ShardLogOptions): Promise<ShardLog> {
    const { shard, stores } = options;
    for (;;) {
      // In this order: a writer that is still at work publishes after its head.
      const published = await stores.heads.read(checkpointKey(shard));
      const stored = await stores.heads.read(headKey(shard));
      try {
        return await ShardLog.#takeUp(options, stored, published?.body);
      } catch (error) {
        if (!(error instanceof ArchiveError) || error.retryable) throw error;
        // Unless such a writer has moved the log under our reading, this is damage.
        if ((await stores.heads.read(headKey(shard)))?.tag === stored?.tag) throw error;
      }
    }
  }

  static async #takeUp(
    options: ShardLogOptions,
    stored: { body: Uint8Array; tag: string } | undefined,
    published: Uint8Array | undefined,
  ): Promise<ShardLog> {
    const { shard, signer, stores } = options;
    if (!stored) {
      if (published || options.seen?.size)
        throw new ArchiveError("corrupt", `shard ${shard}: a checkpoint is published but the head is gone`);
      return new ShardLog(options, new Tree(), undefined);
    }
    const head = decodeHead(stored.body);
    const checkpoint = openCheckpoint(head.checkpoint, parseVkey(signer.vkey));
    if (
      !rootFromEdge(head.edge.map((h) => Buffer.from(h, "base64"))).equals(checkpoint.root) ||
      head.shard !== shard
    ) {
      throw new ArchiveError("corrupt", `shard ${shard}: the head does not fit its checkpoint`);
    }
    if (published && readCheckpoint(Buffer.from(published).toString()).size > checkpoint.size) {
      throw new ArchiveError(
        "corrupt",
        `shard ${shard}: the published checkpoint is ahead of the head: a rollback`,
      );
    }
    const { tree, files } = await resumeTree(stores, head, checkpoint.size);
    if (!tree.root().equals(checkpoint.root)) {
      throw new ArchiveError("corrupt", `shard ${shard}: the tiles do not lead to the checkpoint`);
    }
    const log = new ShardLog(options, tree, { head, tag: stored.tag });
    await log.#publish(files, head.checkpoint);
    if (options.seen) await assertExtends(options, options.seen, checkpoint);
    return log;
  }

  /** The committed log: for `seen` of the next that is opened. */
  get seen(): SeenLog {
    return this.#head ? readCheckpoint(this.#head.head.checkpoint) : { size: 0, root: EMPTY_ROOT };
  }

  /** Records in the committed log. */
  get size(): number {
    return this.seen.size;
  }

  /** Where the committed log stands in the stream; undefined before the first commit. */
  get position(): StreamPosition | undefined {
    return this.#head?.head.stream;
  }

  /** Builds the next segment, in memory. Not repeatable: each call extends the tree. */
  draft(records: readonly SealedRecord[]): Draft {
    const { shard, now } = this.#options;
    const first = this.#tree.size;
    const { seg, packets, leaves, places } = packRecords(records, now().getTime());
    const files = this.#tree.append(leaves);
    const root = this.#tree.root();
    const bytes = encodeSegment(packets, leaves, {
      shard,
      first,
      previous: this.#previous,
      size: this.#tree.size,
      root: root.toString("hex"),
    });
    const key = segmentKey(shard, first, seg);
    this.#previous = key;
    return { first, size: this.#tree.size, seg, key, places, bytes, edge: this.#tree.edge(), root, files };
  }

  /**
   * Commits a draft. Durable and published once resolved. May be repeated with the same draft after a
   * retryable error, as often as needed.
   *
   * @param keyBlock the segment's sealed session keys
   * @param stream the position that follows the draft's last event
   * @throws {ArchiveError} `store-unavailable`, `store-full` (retryable); `overtaken`: another writer has
   *   advanced the log, this one commits nothing any more
   */
  async commit(draft: Draft, keyBlock: Uint8Array, stream: StreamPosition): Promise<void> {
    const { shard, stores, signer } = this.#options;
    if (this.#unpublished !== draft) {
      if (draft.first !== this.size || this.#unpublished)
        throw new ArchiveError("fork", `shard ${shard}: drafts are committed in order`);
      const key = keyBlockKey(shard, draft.first, draft.seg);
      await create(stores.keyring, key, keyBlock);
      if (stores.keyringCopy) await create(stores.keyringCopy, key, keyBlock);
      await stores.records.put({ key: draft.key, body: draft.bytes, retainUntil: this.#lockDate() });
      await this.#advance({
        v: 1,
        shard,
        checkpoint: signer.sign(draft.size, draft.root),
        edge: draft.edge.map((h) => h.toString("base64")),
        segment: draft.key,
        previousSize: draft.first,
        stream,
      });
      this.#unpublished = draft;
    }
    await this.#publish(draft.files, (this.#head as StoredHead).head.checkpoint);
    this.#unpublished = undefined;
  }

  /** The commit point. After a conflict or no answer the head is read back: ours means we won. */
  async #advance(head: Head): Promise<void> {
    const { shard, stores } = this.#options;
    const body = encodeHead(head);
    let tag: string;
    try {
      tag = await stores.heads.replace(headKey(shard), body, this.#head?.tag);
    } catch (error) {
      if (!(error instanceof ArchiveError) || !(error.retryable || error.code === "conflict")) throw error;
      const now = await stores.heads.read(headKey(shard));
      if (now && equal(now.body, body)) tag = now.tag;
      else if (error.retryable && now?.tag === this.#head?.tag) throw error;
      else
        throw new ArchiveError("overtaken", `shard ${shard}: another writer has advanced the log`, {
          cause: error,
        });
    }
    this.#head = { head, tag };
  }

  async #publish(files: TreeFiles, checkpoint: string): Promise<void> {
    const { shard, stores } = this.#options;
    const key = (path: string) => `log/${shard}/${path}`;
    const retainUntil = this.#lockDate();
    // Partial tiles last: a restart takes them for a sign that the full ones are there.
    await Promise.all(
      files.full.map(({ path, bytes }) => stores.records.put({ key: key(path), body: bytes, retainUntil })),
    );
    await Promise.all(files.partial.map(({ path, bytes }) => stores.heads.put(key(path), bytes)));
    await publishCheckpoint(stores.heads, checkpointKey(shard), checkpoint);
    const [previous, older] = this.#partials;
    const partials = [partialPaths(this.size), ...(previous ? [previous] : [])];
    const kept = new Set(partials.flat());
    const passed = (older ?? []).filter((path) => !kept.has(path));
    await Promise.all(passed.map((path) => stores.heads.remove(key(path))));
    this.#partials = partials;
  }

  #lockDate(): Date {
    return new Date(this.#options.now().getTime() + this.#options.lockDays * DAY_MS);
  }
}

/** Creates an object, taking one that already holds these bytes for our own earlier attempt. */
async function create(store: MutableStore, key: string, body: Uint8Array): Promise<void> {
  try {
    await store.replace(key, body, undefined);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== "conflict") throw error;
    const there = await store.read(key);
    if (!there || !equal(there.body, body)) throw error;
  }
}

/** Replaces the published checkpoint by a larger one; a smaller or equal one changes nothing. */
async function publishCheckpoint(heads: MutableStore, key: string, note: string): Promise<void> {
  for (;;) {
    const published = await heads.read(key);
    if (published && readCheckpoint(Buffer.from(published.body).toString()).size >= readCheckpoint(note).size)
      return;
    try {
      await heads.replace(key, Buffer.from(note), published?.tag);
      return;
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "conflict") throw error;
    }
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
