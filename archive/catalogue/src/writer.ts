import type { StreamPosition } from "@daybook/archive-core";
import { type CellKey, cellKeys, rewrapCellKey } from "./cell-keys.ts";
import type { CellSealer } from "./cells.ts";
import { shardCode } from "./codes.ts";
import { uuid } from "./columns.ts";
import type { CataloguePool, CatalogueSession } from "./connection.ts";
import { dispose } from "./dispose.ts";
import { CatalogueError } from "./error.ts";
import { createLearner } from "./learn.ts";
import { reclaim } from "./reclaim.ts";
import type { DisposedRecord, IndexedRecord } from "./row.ts";
import { insertDisposed, insertRecords, insertSegments } from "./write-rows.ts";

/** What the catalogue reflects of a shard. */
export interface CatalogueState {
  /** Leaves of the log that have their rows. */
  readonly size: number;
  /** The next event to read, as in the head of that size. */
  readonly stream: StreamPosition;
}

type Rows = readonly (IndexedRecord | DisposedRecord)[];

export interface CatalogueWriter {
  /**
   * Adds rows and moves the shard's state, in one transaction: durable once resolved. Rows that are there,
   * by id, stay as they are, so a batch may be repeated after any failure. Calls for one shard commit in the
   * order they are made, though they may overlap: two at a time are fastest, more are not.
   *
   * @param records of this shard; all records from `from` to `size` that are not in the catalogue yet. Or what makes
   *   them, called when there is a connection to write them on, so that no more are in memory than can be written
   * @param state.from size of the log before these records
   * @throws {CatalogueError} `unavailable` (retryable: the outcome is unknown), `out-of-order` (rows below
   *   `from` are missing), `diverged` (the catalogue reflects another log: drop it and rebuild)
   */
  write(
    records: Rows | (() => Promise<Rows>),
    state: CatalogueState & { readonly shard: string; readonly from: number },
  ): Promise<void>;

  /**
   * Which of these record ids the catalogue holds, disposed ones included. One look-up, which also fences: an answer
   * from a catalogue that was dropped, restored or failed over to a replica that lags would call what is archived new.
   *
   * @param least what the caller knows the catalogue to have reflected of the shard: rows that it saw written
   * @throws {CatalogueError} `unavailable` (retryable), `out-of-order` (the catalogue reflects less, as of the same
   *   snapshot: what is new cannot be told)
   */
  known(
    ids: readonly string[],
    least: { readonly shard: string; readonly size: number },
  ): Promise<Set<string>>;

  /** Undefined for a shard that has no rows. */
  position(shard: string): Promise<CatalogueState | undefined>;

  /**
   * Cuts records to their id and place, and forgets words, names and titles that no other record has.
   * Repeating it, or naming ids that are not there, is harmless. Old row versions stay on disk until
   * `reclaim`.
   */
  dispose(ids: readonly string[]): Promise<void>;

  /**
   * Removes from disk what `dispose` left behind, if it left anything since the last time: a look-up otherwise, so
   * call it often. Vacuums, which may take minutes and stands in nobody's way; then writes small tables (256 MiB with
   * their indexes) anew, for which they are locked some seconds. Of a larger one, bytes stay in free room until
   * other rows take it.
   *
   * @returns false when some of it has to stay for now: a transaction that began before can still see it
   * @throws {CatalogueError} `unavailable` (retryable), also when a table is in use for too long to be locked
   */
  reclaim(): Promise<boolean>;

  /** Renews the planner's statistics when they are of a much smaller catalogue; a look-up otherwise. */
  analyzeIfDue(): Promise<void>;

  /** Empties the index's list of pending tokens, which every search has to go through. For quiet moments. */
  settle(): Promise<void>;

  /** Removes every row. */
  drop(): Promise<void>;

  /**
   * Removes every row and notes that they are being made again, in one transaction. Where that is noted already it
   * removes nothing, so that a rebuild which was cut off goes on from each shard's `position`.
   *
   * @returns whether one goes on
   */
  beginRebuild(): Promise<boolean>;
  /** Notes that every row is there again. May be repeated. */
  endRebuild(): Promise<void>;
  /** Whether a rebuild was begun that has not ended: rows are missing. */
  isRebuilding(): Promise<boolean>;

  /** Some of the wrapped keys of its cells, by id: those after one, or just one. */
  cellKeys(of: { readonly after?: string; readonly only?: string }): Promise<CellKey[]>;

  /** Replaces the wrapping of a key for another recipient, if it still is `before`. @returns whether it was */
  rewrapCellKey(id: string, before: Uint8Array, after: Uint8Array): Promise<boolean>;
}

const SAVE_STATE = `
INSERT INTO catalogue.state AS s (shard, size, stream, partition, next_offset)
SELECT $1::smallint, $3::bigint, $4::text, $5::int, $6::bigint
WHERE $2::bigint = 0 OR EXISTS (SELECT FROM catalogue.state WHERE shard = $1::smallint)
ON CONFLICT (shard) DO UPDATE SET size = EXCLUDED.size, stream = EXCLUDED.stream, partition = EXCLUDED.partition,
  next_offset = EXCLUDED.next_offset
WHERE s.size >= $2::bigint AND EXCLUDED.size >= s.size`;

/** Ids and state from one snapshot. The tables are named in the order in which `drop` locks them. */
const KNOWN = `
SELECT replace(id::text, '-', ''), NULL FROM catalogue.record WHERE id = ANY ($1::uuid[])
UNION ALL SELECT NULL, size::text FROM catalogue.state WHERE shard = $2::smallint`;

const DROP = `
TRUNCATE catalogue.record, catalogue.segment, catalogue.state, catalogue.participant, catalogue.conversation,
  catalogue.word, catalogue.cell_key;
UPDATE catalogue.generation SET number = number + 1, reclaimed = number + 1;`;

/** Whether the table of records is half as large again as when its statistics were made, and over 768 KiB. */
const OUTGROWN = `
SELECT pg_relation_size(oid) > 1.5 * current_setting('block_size')::bigint * greatest(relpages, 64)
FROM pg_class WHERE oid = 'catalogue.record'::regclass`;

/**
 * @param pool opened as `writer`, with one connection for each write that may overlap and one more
 * @param cells seals names and words to the archive key
 */
export function createCatalogueWriter({
  pool,
  cells,
}: {
  pool: CataloguePool;
  cells: CellSealer;
}): CatalogueWriter {
  const learner = createLearner(cells);
  /** Per shard, the latest call: when it has its locks, and when it is over. */
  const latest = new Map<string, { begun: Promise<unknown>; done: Promise<unknown> }>();

  async function writeInOrder(
    session: CatalogueSession,
    records: Rows,
    state: Parameters<CatalogueWriter["write"]>[1],
    turn: { before: { begun: Promise<unknown>; done: Promise<unknown> } | undefined; begun: () => void },
  ): Promise<void> {
    const whole = records.filter((record): record is IndexedRecord => !("disposed" in record));
    const disposed = records.filter((record): record is DisposedRecord => "disposed" in record);
    // Locks are taken in the order of the calls: else one could wait here for another that waits in
    // PostgreSQL behind a disposal, which waits for the first.
    await turn.before?.begun;
    await session.query("BEGIN; SELECT pg_advisory_xact_lock_shared(7318002)");
    turn.begun();
    if (whole.length > 0) await insertRecords(session, whole);
    if (disposed.length > 0) await insertDisposed(session, disposed);
    // The state may not run ahead of rows that an earlier call has yet to commit. Nor may anything be inserted
    // before that call has, which it may insert too: it would wait in PostgreSQL for this one.
    await turn.before?.done;
    await insertSegments(session, whole);
    const learnt = await learner.learn(session, whole);
    await saveState(session, state);
    await session.query("COMMIT");
    learnt.committed();
  }

  return {
    async write(records, state) {
      shardCode(state.shard);
      let begun: () => void = () => undefined;
      const before = latest.get(state.shard);
      const hasBegun = new Promise<void>((resolve) => (begun = resolve));
      const done = pool
        .session(async (session) => {
          try {
            const rows = typeof records === "function" ? await records() : records;
            await writeInOrder(session, rows, state, { before, begun });
          } catch (error) {
            await session.query("ROLLBACK").catch(() => undefined);
            throw error;
          }
        })
        .finally(begun);
      const settled = { begun: hasBegun, done: done.catch(() => undefined) };
      latest.set(state.shard, settled);
      await done;
      if (latest.get(state.shard) === settled) latest.delete(state.shard);
    },

    async known(ids, { shard, size }) {
      if (ids.length === 0) return new Set();
      const { rows } = await pool.query(KNOWN, [uuid(ids), shardCode(shard)], "catalogue-known");
      const known = new Set<string>();
      let reflected = 0;
      for (const [id, of] of rows) {
        if (typeof id === "string") known.add(id);
        else reflected = Number(of);
      }
      if (reflected < size) throw new CatalogueError("out-of-order", "the catalogue has gone back");
      return known;
    },

    async position(shard) {
      const { rows } = await pool.query(
        "SELECT size, stream, partition, next_offset FROM catalogue.state WHERE shard = $1",
        [shardCode(shard)],
      );
      const [row] = rows;
      if (row === undefined) return undefined;
      const [size, id, partition, offset] = row;
      return {
        size: Number(size),
        stream: { id: String(id), partition: Number(partition), offset: Number(offset) },
      };
    },

    dispose: (ids) => dispose(pool, ids),

    reclaim: () => reclaim(pool),

    async analyzeIfDue() {
      const { rows } = await pool.query(OUTGROWN);
      if (rows[0]?.[0] === "t") await pool.query("ANALYZE catalogue.record");
    },

    cellKeys: (of) => cellKeys(pool, of),
    rewrapCellKey: (id, before, after) => rewrapCellKey(pool, id, before, after),

    async settle() {
      await pool.query("SELECT catalogue.flush_tokens()");
    },

    async drop() {
      await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(7318002); ${DROP} COMMIT`);
    },

    async beginRebuild() {
      return pool.session(async (session) => {
        try {
          await session.query("BEGIN; SELECT pg_advisory_xact_lock(7318002)");
          const { affected } = await session.query(
            "UPDATE catalogue.generation SET rebuilding = true WHERE NOT rebuilding",
          );
          if (affected > 0) await session.query(DROP);
          await session.query("COMMIT");
          return affected === 0;
        } catch (error) {
          await session.query("ROLLBACK").catch(() => undefined);
          throw error;
        }
      });
    },

    async endRebuild() {
      await pool.query("UPDATE catalogue.generation SET rebuilding = false WHERE rebuilding");
    },

    async isRebuilding() {
      const { rows } = await pool.query("SELECT rebuilding FROM catalogue.generation");
      return rows[0]?.[0] === "t";
    },
  };
}

async function saveState(
  session: CatalogueSession,
  state: CatalogueState & { shard: string; from: number },
): Promise<void> {
  const shard = shardCode(state.shard);
  const { affected } = await session.query(
    SAVE_STATE,
    [shard, state.from, state.size, state.stream.id, state.stream.partition, state.stream.offset],
    "catalogue-state",
  );
  if (affected === 1) return;
  // Not moved: either the catalogue is past this already, and the rows were there, or it has a hole.
  const { rows } = await session.query("SELECT size FROM catalogue.state WHERE shard = $1", [shard]);
  if (Number(rows[0]?.[0] ?? 0) < state.from) {
    throw new CatalogueError("out-of-order", "the catalogue lacks rows before these");
  }
}
