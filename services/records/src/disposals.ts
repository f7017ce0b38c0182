import type { Filters } from "@daybook/catalogue";
import type { CatalogueReader, ReadTexts } from "@daybook/catalogue";
import { type EventKind, eventKind } from "@daybook/contract";
import type { Principal } from "@daybook/runtime";
import { createHash, randomUUID } from "node:crypto";
import { ID_BYTES, packIds, PLACES, unpackIds } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Changes } from "./changes.ts";
import type { Database, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { MAX_DISPOSAL } from "./facts.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";
import { requireAnother, requirePerson } from "./persons.ts";

export type DisposalState = "proposed" | "approved" | "rejected" | "executing" | "done";

export interface Disposal {
  readonly id: string;
  readonly state: DisposalState;
  /** Frozen when it was proposed: sorted. */
  readonly ids: readonly string[];
  /** SHA-256 of the ids, sorted, each on a line of its own, hex: what the approver approves. */
  readonly digest: string;
  readonly reason: string;
  readonly authority: string;
  readonly proposedBy: string;
  readonly proposedAt: string;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  /** What was destroyed, and what was not and why; empty before it is executed. */
  readonly destroyed: readonly string[];
  readonly excluded: readonly { readonly id: string; readonly why: string }[];
  readonly files: readonly string[];
  readonly exports: readonly string[];
  readonly unreadableFrom: string | null;
  readonly bytesGoneFrom: string | null;
  readonly doneAt: string | null;
  /** The record that certifies it, once that is archived. */
  readonly certificate: string | null;
}

/** A disposal without its lists of records. */
export type DisposalSummary = Omit<Disposal, "ids" | "destroyed" | "excluded"> & {
  /** How many records were proposed. */
  readonly count: number;
};

/** What a list of disposals reads: a disposal's own lists have 10,000 entries each. */
interface SummaryRow {
  readonly id: string;
  readonly state: DisposalState;
  readonly digest: Buffer;
  readonly reason: Buffer;
  readonly authority: Buffer;
  readonly proposed_by: string;
  readonly proposed_at: Date;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly files: Buffer | null;
  readonly bytes_gone_from: Date | null;
  readonly exports: string[] | null;
  readonly unreadable_from: Date | null;
  readonly done_at: Date | null;
  readonly certificate: string | null;
}

export interface DisposalRow extends SummaryRow {
  readonly ids: Buffer;
  /** As in `disposal.begin`: id, leaf hash, shard, index. */
  readonly doomed: [string, string, string, number][] | null;
  readonly excluded: { id: string; why: string }[] | null;
}

/** Kinds that are never disposed of: they say what Daybook did and did not see. */
export const KEPT_KINDS: readonly EventKind[] = ["audit", "gap", "coverage"];

const DISPOSABLE = eventKind.options.filter((kind) => !KEPT_KINDS.includes(kind));
const SUMMARY = `d.id, d.state, d.digest, d.reason, d.authority, d.proposed_by, d.proposed_at, d.decided_by, d.decided_at,
  d.files, d.bytes_gone_from, d.exports, d.unreadable_from, d.done_at, replace(c.record::text, '-', '') AS certificate`;
const FROM = "FROM records.disposal d LEFT JOIN records.certificate c ON c.disposal = d.id";
const NEWEST_FIRST: Order<SummaryRow> = {
  list: "disposals",
  newestFirst: true,
  columns: [
    { sql: "d.proposed_at", type: "timestamptz", of: (row) => row.proposed_at },
    { sql: "d.id", type: "uuid", of: (row) => row.id },
  ],
};

export interface ProposedDisposal {
  /** Given, these and no others; else what words and filters find now. */
  readonly ids?: readonly string[] | undefined;
  readonly words?: string | undefined;
  readonly filters: Filters;
  readonly reason: string;
  readonly authority: string;
}

/** Disposals as two people decide them. What an approved one destroys is the work of `Destruction`. */
export class Disposals {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #catalogue: CatalogueReader;
  readonly #texts: ReadTexts;

  constructor(of: {
    database: Database;
    changes: Changes;
    cells: Cells;
    catalogue: CatalogueReader;
    texts: ReadTexts;
  }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#catalogue = of.catalogue;
    this.#texts = of.texts;
  }

  /**
   * Freezes a list of records for another person to approve.
   *
   * @throws {RecordsError} `bad-request` when it is empty, `too-many` above 10,000, `not-a-person`
   */
  async propose(of: ProposedDisposal, principal: Principal): Promise<Disposal> {
    requirePerson(principal);
    const ids = await this.#selected(of);
    if (ids.length === 0)
      throw new RecordsError("bad-request", "no record fits: there is nothing to dispose of");
    const id = randomUUID();
    const detail = { id, ids, digest: digestOf(ids), reason: of.reason, authority: of.authority };
    await this.#changes.make(principal.id, () =>
      Promise.resolve({ fact: { action: "disposal.propose", detail }, result: undefined }),
    );
    return this.get(id);
  }

  /** @param digest of the list that was looked at: it must be the one that was proposed */
  async approve(id: string, digest: string, principal: Principal): Promise<Disposal> {
    await this.#changes.make(principal.id, async (tx) => {
      const row = await this.#inState(tx, id, "proposed");
      requireAnother(principal, row.proposed_by);
      if (row.digest.toString("hex") !== digest)
        throw new RecordsError("conflict", "that is not the list that was proposed");
      return { fact: { action: "disposal.approve", detail: { id, digest } }, result: undefined };
    });
    return this.get(id);
  }

  /** Stops a disposal that has not begun: any one person may. */
  async reject(id: string, reason: string, principal: Principal): Promise<Disposal> {
    await this.#changes.make(principal.id, async (tx) => {
      await this.#inState(tx, id, "proposed", "approved");
      return { fact: { action: "disposal.reject", detail: { id, reason } }, result: undefined };
    });
    return this.get(id);
  }

  /** Newest first. */
  async list(request: PageRequest): Promise<Page<DisposalSummary>> {
    const select = `SELECT ${SUMMARY}, length(d.ids) / ${ID_BYTES} AS count ${FROM}`;
    const order = NEWEST_FIRST as Order<SummaryRow & { count: number }>;
    const { entries, next } = await readPage(this.#database, select, order, request);
    return { entries: entries.map((row) => ({ ...this.#summary(row), count: row.count })), next };
  }

  async get(id: string, tx: Tx = this.#database): Promise<Disposal> {
    return this.#disposal(await rowOf(tx, id));
  }

  /** Disposed records and their certificates, in order of record id, a page at a time. @param after a record id */
  async disposed(after: string | undefined, limit: number) {
    const rows = await this.#database.query<{ id: string; certificate: string; shard: string; idx: string }>(
      `SELECT replace(d.record::text, '-', '') AS id, replace(c.record::text, '-', '') AS certificate, d.shard, d.idx
       FROM records.disposed d JOIN records.certificate c ON c.disposal = d.disposal
       WHERE $1::text IS NULL OR d.record > $1::uuid ORDER BY d.record LIMIT $2`,
      [after ?? null, limit],
    );
    return rows.map(({ id, certificate, shard, idx }) => ({
      id,
      auditId: certificate,
      shard,
      index: Number(idx),
    }));
  }

  /** Which of these records are disposed of, or about to be. */
  async among(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database.query<{ id: string }>(
      `SELECT replace(record::text, '-', '') AS id FROM records.disposed WHERE record = ANY ($1::text[]::uuid[])
       UNION SELECT r->>0 FROM records.disposal, jsonb_array_elements(doomed) r
         WHERE state = 'executing' AND r->>0 = ANY ($1::text[])`,
      [ids],
    );
    return new Set(rows.map(({ id }) => id));
  }

  async #inState(tx: Tx, id: string, ...states: readonly DisposalState[]): Promise<DisposalRow> {
    const row = await rowOf(tx, id);
    if (!states.includes(row.state)) throw new RecordsError("conflict", `that disposal is ${row.state}`);
    return row;
  }

  async #selected({ ids, words, filters }: ProposedDisposal): Promise<string[]> {
    const found = new Set<string>();
    const take = (refs: readonly { id: string }[]) => {
      for (const ref of refs) found.add(ref.id);
      if (found.size > MAX_DISPOSAL) {
        throw new RecordsError("too-many", `a disposal is of ${MAX_DISPOSAL} records at most: narrow it`);
      }
    };
    if (ids) take(await this.#catalogue.byIds(ids));
    else {
      const kinds = filters.kinds?.filter((kind) => DISPOSABLE.includes(kind)) ?? DISPOSABLE;
      const search = {
        filters: { ...filters, kinds },
        texts: this.#texts,
        ...(words === undefined ? {} : { words }),
      };
      for await (const refs of this.#catalogue.select(search)) take(refs);
    }
    return [...found].sort();
  }

  #disposal(row: DisposalRow): Disposal {
    return {
      ...this.#summary(row),
      ids: unpackIds(row.ids),
      destroyed: (row.doomed ?? []).map(([record]) => record),
      excluded: row.excluded ?? [],
    };
  }

  #summary(row: SummaryRow): Omit<DisposalSummary, "count"> {
    const iso = (date: Date | null) => date && date.toISOString();
    return {
      id: row.id,
      state: row.state,
      digest: row.digest.toString("hex"),
      reason: this.#cells.open(PLACES.disposalReason(row.id), row.reason),
      authority: this.#cells.open(PLACES.authority(row.id), row.authority),
      proposedBy: row.proposed_by,
      proposedAt: row.proposed_at.toISOString(),
      decidedBy: row.decided_by,
      decidedAt: iso(row.decided_at),
      files: unpackIds(row.files ?? packIds([])),
      exports: row.exports ?? [],
      unreadableFrom: iso(row.unreadable_from),
      bytesGoneFrom: iso(row.bytes_gone_from),
      doneAt: iso(row.done_at),
      certificate: row.certificate,
    };
  }
}

/** @throws {RecordsError} `not-found` */
export async function rowOf(tx: Tx, id: string): Promise<DisposalRow> {
  const [row] = await tx.query<DisposalRow>(
    `SELECT ${SUMMARY}, d.ids, d.doomed, d.excluded ${FROM} WHERE d.id = $1`,
    [id],
  );
  if (!row) throw new RecordsError("not-found", "there is no such disposal");
  return row;
}

/** @param ids sorted */
export function digestOf(ids: readonly string[]): string {
  return createHash("sha256")
    .update(ids.map((id) => `${id}\n`).join(""))
    .digest("hex");
}
