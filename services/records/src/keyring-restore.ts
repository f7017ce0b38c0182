import { ArchiveError, decodeLeaf, keyBlockKey, type MutableStore } from "@daybook/archive-core";
import { buildKeyBlock, type KeyHolder, type KeyLine, type Recipient } from "@daybook/openpgp";
import { unpackIds } from "./apply.ts";
import type { ArchiveReader, LoggedSegment } from "./archive-reader.ts";
import type { Changes } from "./changes.ts";
import type { Database } from "./database.ts";
import type { Disposals } from "./disposals.ts";
import { RecordsError } from "./error.ts";
import { openBlock } from "./keyring-homes.ts";
import type { Replay } from "./replay.ts";
import type { AuditTrail } from "./trail.ts";

export interface RestoreOptions {
  readonly first: MutableStore;
  /** Undefined where none is configured. */
  readonly second: Pick<MutableStore, "read"> | undefined;
  readonly holder: KeyHolder;
  readonly recipients: () => readonly Recipient[];
  readonly archive: ArchiveReader;
  readonly database: Database;
  readonly disposals: Disposals;
  readonly changes: Changes;
  readonly replay: Replay;
  readonly trail: AuditTrail;
}

/** How a shard's blocks are. */
export interface RestoreProgress {
  readonly shard: string;
  /** Records whose blocks were looked at, of how many. */
  readonly done: number;
  readonly of: number;
  /** Blocks written in the first home. */
  readonly restored: number;
  /** Records without a key in either home, which were not disposed of. */
  readonly lost: number;
}

const ATTEMPTS = 10;

/** Makes the keyring's first home whole from the second, and never with a key that was disposed of. */
export class KeyringRestore {
  readonly #options: RestoreOptions;

  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  /**
   * Looks at the block of every segment; what the first home lacks of it is taken from the second, but for lines of
   * records that the audit log says are disposed of, or about to be. A block is durable before the next is looked at:
   * repeated after a crash, what is whole is only read. Nothing is removed anywhere.
   *
   * @throws {RecordsError} `conflict` where there is no second home
   * @throws {ArchiveError} `store-unavailable` (retryable)
   */
  async *run(actor: string): AsyncGenerator<RestoreProgress, void, undefined> {
    const { second, trail, changes, replay, archive } = this.#options;
    if (!second) throw new RecordsError("conflict", "no second home of the keyring is configured");
    await trail.record({ actor, action: "keys.restore" });
    // Every disposal that is durable now is known from here on; a later one finds the blocks as they are.
    await changes.exclusively(({ session }) => replay.catchUp(session));
    for (const shard of archive.shards) {
      const of = (await archive.state(shard))?.size ?? 0;
      let [restored, lost] = [0, 0];
      for await (const segment of archive.segments(shard, { from: 0, size: of })) {
        let outcome = await this.#restore(second, shard, segment, { write: false });
        // In the turn in which disposals are carried out: none can take a line away between our reading and writing.
        if (outcome.restored) {
          outcome = await changes.exclusively(() => this.#restore(second, shard, segment, { write: true }));
        }
        restored += outcome.restored ? 1 : 0;
        lost += outcome.lost;
        yield { shard, done: segment.first + segment.entries.length, of, restored, lost };
      }
    }
  }

  async #restore(
    second: Pick<MutableStore, "read">,
    shard: string,
    segment: LoggedSegment,
    { write }: { write: boolean },
  ): Promise<{ restored: boolean; lost: number }> {
    const { first, holder, recipients } = this.#options;
    const block = keyBlockKey(shard, segment.first, segment.seg);
    for (let attempt = 1; ; attempt += 1) {
      const here = await openBlock(first, block, holder);
      const there = await openBlock(second, block, holder);
      const own = here && "lines" in here ? here.lines : [];
      const other = there && "lines" in there ? there.lines : [];
      const named = new Set([...own, ...other].map(nameOf));
      const gone = await this.#gone(segment);
      const has = new Set(own.map(nameOf));
      const added = other.filter((line) => !has.has(nameOf(line)) && !gone(line));
      const lost = segment.entries.filter((_, i) => {
        const line = { index: segment.first + i };
        return !named.has(nameOf(line)) && !gone(line);
      }).length;
      if (added.length === 0 || !write) return { restored: added.length > 0, lost };
      const isCopy = there && "lines" in there && own.length === 0 && added.length === other.length;
      const body = isCopy ? there.body : await buildKeyBlock([...own, ...added], recipients());
      try {
        await first.replace(block, body, here?.tag);
        return { restored: true, lost };
      } catch (error) {
        const again = error instanceof ArchiveError && (error.code === "conflict" || error.retryable);
        if (!again || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Whether a line of this segment was, or is being, disposed of. */
  async #gone({
    first,
    entries,
  }: LoggedSegment): Promise<(line: Pick<KeyLine, "index" | "attachment">) => boolean> {
    const { disposals, database } = this.#options;
    const ids = entries.map((entry) => decodeLeaf(entry).id);
    const records = await disposals.among(ids);
    const files = new Set<string>();
    for (const { id } of await database.query<{ id: string }>(
      `SELECT replace(notice::text, '-', '') AS id FROM records.disposed_file
       WHERE notice = ANY ($1::text[]::uuid[])`,
      [ids],
    )) {
      files.add(id);
    }
    for (const { files: packed } of await database.query<{ files: Buffer | null }>(
      "SELECT files FROM records.disposal WHERE state = 'executing'",
    )) {
      for (const id of packed ? unpackIds(packed) : []) files.add(id);
    }
    return ({ index, attachment }) => {
      const id = ids[index - first] ?? "";
      return records.has(id) || (attachment === 0 && files.has(id));
    };
  }
}

function nameOf({ index, attachment }: Pick<KeyLine, "index" | "attachment">): string {
  return attachment === undefined ? String(index) : `${index}.${attachment}`;
}
