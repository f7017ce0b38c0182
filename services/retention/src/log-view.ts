import {
  ArchiveError,
  decodeBundle,
  decodeHead,
  decodeLeaf,
  headKey,
  type Leaf,
  leafHash,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  rootFromInclusion,
  TILE_WIDTH,
  tilePath,
} from "@daybook/archive-core";
import { RetentionError } from "./error.ts";
import type { RetentionOptions } from "./options.ts";

/** A committed log, as its leaves tell. What is to be destroyed on their word is proved first. */
export class LogView {
  readonly shard: string;
  /** Leaves under the head's signed checkpoint. */
  readonly size: number;
  /** Leaves before the newest segment. */
  readonly previousSize: number;
  readonly #root: Buffer;
  readonly #read: ReturnType<typeof logFileReader>;
  readonly #prover: Prover;
  #bundle: { number: number; entries: readonly Buffer[] } | undefined;

  private constructor(
    shard: string,
    at: { size: number; previousSize: number; root: Buffer },
    read: ReturnType<typeof logFileReader>,
  ) {
    this.shard = shard;
    this.size = at.size;
    this.previousSize = at.previousSize;
    this.#root = at.root;
    this.#read = read;
    this.#prover = new Prover(at.size, read);
  }

  /** Undefined for a shard that has committed nothing. @throws {ArchiveError} `corrupt`, `store-unavailable` */
  static async open(
    { shard, vkey }: RetentionOptions["shards"][number],
    { objects, heads }: Pick<RetentionOptions, "objects" | "heads">,
  ): Promise<LogView | undefined> {
    const stored = await heads.read(headKey(shard));
    if (!stored) return undefined;
    const head = decodeHead(stored.body);
    const { size, root } = openCheckpoint(head.checkpoint, parseVkey(vkey));
    const read = logFileReader({ records: objects, heads }, shard);
    return new LogView(shard, { size, previousSize: head.previousSize, root }, read);
  }

  /** @throws {ArchiveError} `object-missing`, `corrupt`, `store-unavailable` */
  async leaf(index: number): Promise<Leaf> {
    return decodeLeaf(await this.#entry(index));
  }

  /** As `leaf`, after proving that the leaf is under the signed root. @throws {RetentionError} `log-unproven` */
  async provenLeaf(index: number): Promise<Leaf> {
    const entry = await this.#entry(index);
    const proof = await this.#prover.inclusion(index);
    if (!rootFromInclusion(leafHash(entry), index, this.size, proof)?.equals(this.#root)) {
      throw new RetentionError(
        "log-unproven",
        `shard ${this.shard}: its tiles do not lead to its signed root: run fsck`,
      );
    }
    return decodeLeaf(entry);
  }

  /** Whether a segment of this name is in the log. Names at or above `size` may be on their way: ask only below. */
  async names({ first, seg }: { first: number; seg: string }): Promise<boolean> {
    const leaf = await this.leaf(first);
    return leaf.seg === seg && leaf.off === 0;
  }

  /** That no segment of this name is in the log, or ever will be. */
  async neverNames({ first, seg }: { first: number; seg: string }): Promise<boolean> {
    if (first >= this.size || (await this.names({ first, seg }))) return false;
    const leaf = await this.provenLeaf(first);
    return leaf.seg !== seg || leaf.off !== 0;
  }

  /** The end of the segment that starts at `first`, given where the next one is thought to start. */
  async endOf(first: number, guess: number): Promise<number> {
    const { seg } = await this.leaf(first);
    if (guess > first && (await this.leaf(guess - 1)).seg === seg) return guess;
    let end = first + 1;
    while (end < this.size && (await this.leaf(end)).seg === seg) end += 1;
    return end;
  }

  async #entry(index: number): Promise<Buffer> {
    const number = Math.floor(index / TILE_WIDTH);
    if (this.#bundle?.number !== number) {
      const width = Math.min(this.size - number * TILE_WIDTH, TILE_WIDTH);
      this.#bundle = { number, entries: decodeBundle(await this.#read(tilePath("entries", number, width))) };
    }
    const entry = this.#bundle.entries[index % TILE_WIDTH];
    if (!entry)
      throw new ArchiveError("corrupt", `shard ${this.shard}: an entry bundle is narrower than its tree`);
    return entry;
  }
}

/** The logs that have committed anything, one after the other. Errors as `LogView.open`. */
export async function* openLogs(
  options: Pick<RetentionOptions, "shards" | "objects" | "heads">,
  signal: AbortSignal,
): AsyncGenerator<LogView> {
  for (const shard of options.shards) {
    signal.throwIfAborted();
    const view = await LogView.open(shard, options);
    if (view) yield view;
  }
}
