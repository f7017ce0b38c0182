import { AUDIT_SHARD, TOPICS } from "@daybook/contract";
import type { StreamReader } from "@daybook/stream";
import { apply } from "./apply.ts";
import type { ArchiveReader, WalkedSegment } from "./archive-reader.ts";
import { type Archiver, waitForAudit } from "./archiver.ts";
import type { Cells } from "./cells.ts";
import type { Session, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { factOf } from "./facts.ts";
import { PROJECTIONS } from "./schema.ts";
import { keepSearch, searchOf } from "./searching/search-facts.ts";

export interface ReplayOptions {
  readonly archive: ArchiveReader;
  readonly archiver: Archiver;
  readonly stream: Pick<StreamReader, "range">;
  readonly cells: Cells;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/**
 * Applies audit events that are archived and not yet in the tables, in the log's order. Only ever inside an
 * exclusive turn: it and live changes write the same tables.
 */
export class Replay {
  readonly #options: ReplayOptions;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** Waits until every audit event that is durable now is archived, then applies what is missing. */
  async catchUp(session: Session): Promise<void> {
    const { stream, archiver, signal } = this.#options;
    const { next } = await stream.range(TOPICS.audit, 0);
    if (next > 0) await waitForAudit(archiver, next, signal);
    await this.advance(session);
  }

  /** Applies what is archived by now, a segment a transaction. @returns index of the next audit record */
  async advance(session: Session): Promise<number> {
    const { archive, signal } = this.#options;
    const state = await archive.state(AUDIT_SHARD);
    let from = await session.transaction(position);
    if (state === undefined || from === state.size) return from;
    if (from > state.size) {
      throw new RecordsError(
        "corrupt",
        "the audit log is shorter than what was read of it: a rollback, or another home's",
      );
    }
    for await (const segment of archive.walk(AUDIT_SHARD, { from, size: state.size })) {
      signal.throwIfAborted();
      await session.transaction((tx) => this.#applySegment(tx, segment));
      from = segment.first + segment.entries.length;
    }
    return from;
  }

  /**
   * Empties the tables and makes them again from the whole audit log, in one transaction: others see the old
   * ones until it commits.
   */
  async renew(session: Session, onProgress: (done: number, of: number) => void): Promise<void> {
    const { archive } = this.#options;
    const state = await archive.state(AUDIT_SHARD);
    await session.transaction(async (tx) => {
      for (const table of [...PROJECTIONS, "change"]) await tx.query(`DELETE FROM records.${table}`);
      await tx.query("UPDATE records.position SET next = 0");
      if (!state) return;
      for await (const segment of archive.walk(AUDIT_SHARD, { from: 0, size: state.size })) {
        await this.#applySegment(tx, segment);
        onProgress(segment.first + segment.entries.length, state.size);
      }
    });
  }

  async #applySegment(tx: Tx, segment: WalkedSegment): Promise<void> {
    for (const i of segment.leaves.keys()) {
      const record = segment.record(i);
      if (!record) throw new RecordsError("corrupt", `the key of audit record ${segment.first + i} is gone`);
      if (record.kind !== "audit" || !record.audit) continue;
      const search = searchOf(record.audit, record.capturedAt);
      if (search) await keepSearch(tx, search, this.#options.cells);
      const fact = factOf(record.audit, record.capturedAt);
      if (!fact) continue;
      // What was made here is applied already; once passed it can never come again.
      const [known] = await tx.query("DELETE FROM records.change WHERE id = $1 RETURNING id", [
        fact.detail.change,
      ]);
      if (!known) await apply(tx, fact, this.#options.cells);
      // Another process destroyed keys that this one may remember.
      if (!known && fact.action === "disposal.certify") this.#options.archive.keys.forget();
      if (fact.action === "disposal.certify") {
        // Only the log knows under which id the certificate is archived.
        await tx.query("INSERT INTO records.certificate VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
          fact.detail.id,
          record.id,
          segment.first + i,
        ]);
      }
    }
    await tx.query("UPDATE records.position SET next = $1", [segment.first + segment.entries.length]);
  }
}

async function position(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ next: string }>("SELECT next FROM records.position");
  return Number(row?.next ?? 0);
}
