import type { ArchiveRecord } from "@daybook/archive-core";
import type { CatalogueWriter, DisposedRecord, IndexedRecord, RecordIndexer } from "@daybook/catalogue";
import type { ArchiveReader, WalkedSegment } from "./archive-reader.ts";
import type { Archiver } from "./archiver.ts";
import type { Changes } from "./changes.ts";
import type { Replay } from "./replay.ts";
import type { AuditTrail } from "./trail.ts";

export interface Progress {
  readonly what: "registry" | "catalogue";
  readonly shard: string;
  readonly done: number;
  readonly of: number;
}

export interface RebuildOptions {
  readonly archive: ArchiveReader;
  readonly catalogueWriter: CatalogueWriter;
  readonly indexer: RecordIndexer;
  readonly replay: Replay;
  readonly changes: Changes;
  readonly trail: AuditTrail;
  readonly archiver: Pick<Archiver, "paused">;
}

/** Makes what PostgreSQL holds again from the objects and the keys. */
export class Rebuild {
  readonly #options: RebuildOptions;
  #running = false;

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  /** Whether the catalogue is not whole just now. */
  get running(): boolean {
    return this.#running;
  }

  /**
   * Registry, matters, rights, holds and disposals from the audit log; then the whole catalogue from the
   * segments, with archiving paused. A crash in between leaves a catalogue that lacks rows, which the archiver has
   * made when it starts.
   *
   * @returns how many records have rows again
   */
  async all(actor: string, onProgress: (progress: Progress) => void): Promise<number> {
    const { archive, catalogueWriter, replay, changes, trail, archiver } = this.#options;
    await trail.record({ actor, action: "rebuild" });
    let records = 0;
    await changes.exclusively(async ({ session }) => {
      await replay.catchUp(session);
      await replay.renew(session, (done, of) => onProgress({ what: "registry", shard: "audit", done, of }));
    });
    await archiver.paused(async () => {
      this.#running = true;
      try {
        await catalogueWriter.drop();
        for (const shard of archive.shards) {
          const size = (await archive.state(shard))?.size ?? 0;
          records += size;
          await this.span({ shard, from: 0, size }, (done) =>
            onProgress({ what: "catalogue", shard, done, of: size }),
          );
        }
        await catalogueWriter.settle();
        await catalogueWriter.analyzeIfDue();
      } finally {
        this.#running = false;
      }
    });
    return records;
  }

  /**
   * Writes the rows of a span of a shard, and the shard's state with them: for the archiver, which waits for it
   * before it archives anything. May be repeated.
   */
  async span(
    { shard, from, size }: { shard: string; from: number; size: number },
    onProgress: (done: number) => void = () => undefined,
  ): Promise<void> {
    const { archive, catalogueWriter, indexer } = this.#options;
    const state = await archive.state(shard);
    if (!state || size === 0) return;
    for await (const segment of archive.walk(shard, { from, size })) {
      const start = Math.max(from, segment.first);
      const rows = segment.leaves
        .slice(start - segment.first)
        .map((_, i) => rowAt(segment, start - segment.first + i, indexer));
      const end = segment.first + segment.leaves.length;
      // Until the last of them the stream is no help, so its position may stand from the first on.
      await catalogueWriter.write(rows, { shard, from: start, size: end, stream: state.stream });
      onProgress(end);
    }
  }
}

function rowAt(segment: WalkedSegment, i: number, indexer: RecordIndexer): IndexedRecord | DisposedRecord {
  const { shard, first, seg } = segment;
  const leaf = segment.leaves[i];
  if (!leaf) throw new RangeError("no such leaf");
  const record: ArchiveRecord | undefined = segment.record(i);
  // A key that is gone without a disposal is for `fsck` to say; here it only means that there is nothing to index.
  if (!record) return { id: leaf.id, position: { shard, index: first + i }, disposed: true };
  return indexer.index(record, {
    shard,
    index: first + i,
    segment: { firstIndex: first, digest: seg },
    off: leaf.off,
    len: leaf.len,
  });
}
