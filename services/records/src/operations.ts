import {
  checkpointKey,
  decodeLeaf,
  encodeProof,
  fsck,
  type FsckReport,
  type KeyLineName,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  type Stores,
} from "@daybook/archive-core";
import type { CatalogueReader, CatalogueWriter } from "@daybook/catalogue";
import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import { type KeyHolder, readKeyBlock } from "@daybook/openpgp";
import type { StreamReader } from "@daybook/stream";
import type { ArchiveReader } from "./archive-reader.ts";
import type { Database } from "./database.ts";
import type { Disposals } from "./disposals.ts";
import { RecordsError } from "./error.ts";
import type { AuditTrail } from "./trail.ts";

export interface OperationsOptions {
  readonly deployment: string;
  readonly sample: boolean;
  readonly stores: Stores;
  readonly holder: KeyHolder;
  readonly archive: ArchiveReader;
  readonly catalogue: CatalogueReader;
  readonly catalogueWriter: Pick<CatalogueWriter, "position">;
  readonly stream: Pick<StreamReader, "id" | "range">;
  readonly database: Database;
  readonly disposals: Disposals;
  readonly trail: AuditTrail;
  readonly minLockDays: number;
  readonly now: () => Date;
}

export interface ShardStatus {
  readonly shard: string;
  /** Records in the log, and with rows. */
  readonly size: number;
  readonly catalogued: number;
  /** Durable events that are not archived yet. */
  readonly lag: number;
}

export interface Status {
  readonly deployment: string;
  /** A trial: what is in it is made up. */
  readonly sample: boolean;
  readonly shards: readonly ShardStatus[];
  /** Events that could not be archived, were not put back, and wait for somebody. */
  readonly parked: number;
  readonly holds: number;
  readonly mattersOpen: number;
  readonly disposalsPending: number;
}

/** What those who run Daybook, and those who audit it, ask about it: never content. */
export class Operations {
  readonly #options: OperationsOptions;

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  async status(): Promise<Status> {
    const { deployment, sample, archive, stream, database } = this.#options;
    const shards: ShardStatus[] = [];
    for (const shard of archive.shards) shards.push(await this.#shard(shard));
    const parked = await stream.range(TOPICS.parked, 0);
    const [back] = await database.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM records.replayed WHERE stream = $1 AND idx >= $2 AND idx < $3",
      [stream.id, parked.first, parked.next],
    );
    const [counts] = await database.query<{ holds: number; matters: number; disposals: number }>(
      `SELECT (SELECT count(*) FROM records.hold WHERE released_at IS NULL)::int AS holds,
        (SELECT count(*) FROM records.matter WHERE closed_at IS NULL)::int AS matters,
        (SELECT count(*) FROM records.disposal WHERE state IN ('proposed', 'approved', 'executing'))::int AS disposals`,
    );
    return {
      deployment,
      sample,
      shards,
      parked: parked.next - parked.first - (back?.n ?? 0),
      holds: counts?.holds ?? 0,
      mattersOpen: counts?.matters ?? 0,
      disposalsPending: counts?.disposals ?? 0,
    };
  }

  /** Verifier keys, to give to auditors. */
  vkeys(): { shard: string; vkey: string }[] {
    const { archive } = this.#options;
    return archive.shards.map((shard) => ({ shard, vkey: archive.vkey(shard) }));
  }

  /**
   * A record's leaf, as logged, and its proof under the published checkpoint; of a disposed one too.
   *
   * @throws {RecordsError} `not-found`, also while the checkpoint does not cover it yet
   */
  async prove(
    id: string,
  ): Promise<{ id: string; shard: string; index: number; leaf: string; proof: string }> {
    const { archive, stores } = this.#options;
    const { shard, index } = await this.#place(id);
    const published = await stores.heads.read(checkpointKey(shard));
    const note = Buffer.from(published?.body ?? "").toString();
    const size = published ? openCheckpoint(note, parseVkey(archive.vkey(shard))).size : 0;
    if (index >= size)
      throw new RecordsError("not-found", "the published checkpoint does not cover that record yet");
    const entry = (await archive.entries(shard, [index])).get(index);
    if (!entry || decodeLeaf(entry).id !== id) {
      throw new RecordsError("corrupt", "the catalogue points at another record: rebuild it");
    }
    const hashes = await new Prover(size, logFileReader(stores, shard)).inclusion(index);
    return {
      id,
      shard,
      index,
      leaf: entry.toString("utf8"),
      proof: encodeProof({ index, hashes, checkpoint: note }),
    };
  }

  /** Checks every shard from the ground up; yields each when it is done. Recorded as an audit event first. */
  async *fsck(actor: string): AsyncGenerator<FsckReport, void, undefined> {
    const { archive, stores, holder, disposals, trail, minLockDays, now } = this.#options;
    await trail.record({ actor, action: "fsck" });
    const keyLines = async (block: Uint8Array) => {
      const lines = await readKeyBlock(block, holder);
      return new Set(
        lines.map(({ index, attachment }): KeyLineName =>
          attachment === undefined ? index : `${index}.${attachment}`,
        ),
      );
    };
    for (const shard of archive.shards) {
      yield await fsck({
        shard,
        vkey: archive.vkey(shard),
        stores,
        minLockDays,
        now: now(),
        keyLines,
        disposed: (ids) => disposals.among(ids),
      });
    }
  }

  async #place(id: string): Promise<{ shard: string; index: number }> {
    const { catalogue, database } = this.#options;
    const [ref] = await catalogue.byIds([id]);
    if (ref) return ref;
    const [gone] = await database.query<{ shard: string; idx: string }>(
      "SELECT shard, idx FROM records.disposed WHERE record = $1::uuid",
      [id],
    );
    if (gone) return { shard: gone.shard, index: Number(gone.idx) };
    throw new RecordsError("not-found", "there is no such record");
  }

  async #shard(shard: string): Promise<ShardStatus> {
    const { archive, catalogueWriter, stream } = this.#options;
    const state = await archive.state(shard);
    const rows = await catalogueWriter.position(shard);
    const [topic, partition] = shard === AUDIT_SHARD ? [TOPICS.audit, 0] : [TOPICS.events, Number(shard)];
    const { first, next } = await stream.range(topic, partition);
    const reached = state?.stream.id === stream.id ? state.stream.offset : first;
    return {
      shard,
      size: state?.size ?? 0,
      catalogued: rows?.size ?? 0,
      lag: Math.max(0, next - Math.max(reached, first)),
    };
  }
}
