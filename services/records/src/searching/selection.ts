import type { CatalogueReader, Filters, ReadTexts, RecordRef } from "@daybook/catalogue";
import { parseQuery } from "@daybook/catalogue";
import { AUDIT_SHARD, eventKind } from "@daybook/contract";
import type { Principal } from "@daybook/runtime";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Matters } from "../matters/matters.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import type { Reading } from "../reading.ts";
import type { AuditTrail } from "../trail.ts";
import { type Finding, findingOf } from "./findings.ts";
import type { Searching } from "./search.ts";
import type { SearchLog } from "./search-log.ts";
import { among, eachSelected, hex, selectedCount } from "./selected-ids.ts";
import { MAX_SELECTED_AT_ONCE } from "./selection-facts.ts";

/** What one search, or one conversation, may add: with more, somebody should think again. */
const MAX_ADDED = 100_000;
/** Records of one selection. */
const MAX_SELECTED = 500_000;
/** Texts read to decide what a phrase finds. */
const MAX_READ = 200_000;

/** Of a conversation: all that people did and what is known to be missing, not who received it. */
const OF_CONVERSATION = eventKind.options.filter(
  (kind) => kind !== "audit" && kind !== "coverage" && kind !== "receipt",
);

const NOTHING_ASKED = parseQuery("");

export interface Added {
  readonly added: number;
  /** What was selected before. */
  readonly already: number;
  /** Of the selection now. */
  readonly total: number;
}

/** A record of the selection. */
export interface Selected {
  readonly record: string;
  readonly addedBy: string;
  readonly addedAt: string;
  /** Null when it was disposed of since. */
  readonly finding: Finding | null;
}

interface SelectionRow {
  readonly record: string;
  readonly added_by: string;
  readonly added_at: Date;
}

const NEWEST_FIRST: Order<SelectionRow> = {
  list: "selection",
  newestFirst: true,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "record", type: "uuid", of: (row) => row.record },
  ],
};

export interface SelectionOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly catalogue: CatalogueReader;
  readonly matters: Matters;
  readonly reading: Reading;
  readonly trail: AuditTrail;
  readonly searching: Searching;
  readonly log: SearchLog;
}

/** Records that were picked out under a matter, to be exported. */
export class MatterSelection {
  readonly #options: SelectionOptions;

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** Adds these. May be repeated. @throws {RecordsError} `not-found`: one of them is not there */
  async addRecords(matter: string, ids: readonly string[], why: string, actor: string): Promise<Added> {
    const wanted = [...new Set(ids)];
    await this.#options.matters.required(matter);
    const refs = await this.#options.catalogue.byIds(wanted);
    if (refs.length < wanted.length)
      throw new RecordsError("not-found", "one of these records does not exist, or was disposed of");
    return this.#add(matter, idsOf(refs), why, actor);
  }

  /**
   * Adds what a search finds now, all of it, as it is at this moment. In several changes when it is much: after a
   * failure the same call adds what is missing.
   *
   * @throws {RecordsError} `too-many`: more than 100,000; nothing is added then
   */
  async addFound(matter: string, search: string, actor: string, signal?: AbortSignal): Promise<Added> {
    const { searching, log, matters } = this.#options;
    await matters.required(matter);
    const { words, filters } = await log.get(matter, search);
    const ids = await this.#found(words, await searching.filtersOf(filters));
    return this.#add(matter, ids, `search ${search}`, actor, signal);
  }

  /**
   * Adds what the archive holds of a conversation, or of one day of it (UTC, or the wall clock where the source has no
   * zone). As `addFound`.
   *
   * @param conversation its key
   */
  async addConversation(
    matter: string,
    { conversation, day }: { conversation: string; day?: string | undefined },
    actor: string,
    signal?: AbortSignal,
  ): Promise<Added> {
    await this.#options.matters.required(matter);
    const ids = await this.#found("", {
      conversationKey: conversation,
      ...(day === undefined ? {} : { from: day, to: day }),
      kinds: OF_CONVERSATION,
    });
    if (ids.length === 0)
      throw new RecordsError("not-found", "nothing is there of that conversation, or that day of it");
    const why = `conversation ${conversation}${day === undefined ? "" : ` on ${day}`}`;
    return this.#add(matter, ids, why, actor, signal);
  }

  /** Takes these out; those that are not in it are no matter. */
  async remove(
    matter: string,
    ids: readonly string[],
    why: string,
    actor: string,
  ): Promise<{ removed: number; total: number }> {
    const removed = await this.#options.changes.make(actor, async (tx) => {
      await this.#options.matters.required(matter, tx);
      const there = await among(tx, matter, ids);
      return this.#removal(matter, [...there], why);
    });
    return { removed, total: await this.count(matter) };
  }

  /** Takes all out, in several changes when it is much: after a failure the same call takes out the rest. */
  async clear(matter: string, why: string, actor: string): Promise<{ removed: number; total: number }> {
    let removed = 0;
    for (;;) {
      const now = await this.#options.changes.make(actor, async (tx) => {
        await this.#options.matters.required(matter, tx);
        const rows = await tx.query<{ record: string }>(
          "SELECT record FROM records.selection WHERE matter = $1 ORDER BY record LIMIT $2",
          [matter, MAX_SELECTED_AT_ONCE],
        );
        return this.#removal(
          matter,
          rows.map(({ record }) => hex(record)),
          why,
        );
      });
      removed += now;
      if (now < MAX_SELECTED_AT_ONCE) return { removed, total: await this.count(matter) };
    }
  }

  /** How many records it has. */
  count(matter: string): Promise<number> {
    return selectedCount(this.#options.database, matter);
  }

  /** Which of these are in it. */
  among(matter: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return among(this.#options.database, matter, ids);
  }

  /** One page, last added first, with what the records say: answered once its audit event is durable. */
  async list(matter: string, request: PageRequest, principal: Principal): Promise<Page<Selected>> {
    const { database, matters, catalogue, reading, trail } = this.#options;
    await matters.required(matter);
    const { entries, next } = await readPage(
      database,
      "SELECT record, added_by, added_at FROM (SELECT * FROM records.selection WHERE matter = $1) selected",
      NEWEST_FIRST,
      request,
      [matter],
    );
    const refs = await catalogue.byIds(entries.map(({ record }) => hex(record)));
    const records = await reading.open(refs);
    const findings = new Map<string, Finding>();
    for (const [at, ref] of refs.entries()) {
      const record = records[at];
      if (record) findings.set(ref.id, findingOf(ref, record, NOTHING_ASKED, true));
    }
    await trail.record({
      actor: principal.id,
      action: "selection.read",
      matter,
      detail: { further: request.cursor !== undefined, results: [...findings.keys()] },
    });
    const selected = entries.map(({ record, added_by, added_at }) => ({
      record: hex(record),
      addedBy: added_by,
      addedAt: added_at.toISOString(),
      finding: findings.get(hex(record)) ?? null,
    }));
    return { entries: selected, next };
  }

  /** All ids, in their order, as they are at one moment. */
  async each(matter: string, one: (id: string) => Promise<void>): Promise<number> {
    await this.#options.matters.get(matter);
    return eachSelected(this.#options.database, matter, one);
  }

  async #found(words: string, filters: Filters): Promise<string[]> {
    const { catalogue, searching } = this.#options;
    let read = 0;
    const texts: ReadTexts = (refs) => {
      read += refs.length;
      if (read > MAX_READ) throw tooMany();
      return searching.texts(refs);
    };
    const ids: string[] = [];
    for await (const refs of catalogue.select({ words, filters, texts })) {
      ids.push(...idsOf(refs));
      if (ids.length > MAX_ADDED) throw tooMany();
    }
    return ids;
  }

  async #add(
    matter: string,
    ids: readonly string[],
    why: string,
    actor: string,
    signal?: AbortSignal,
  ): Promise<Added> {
    const { changes, matters } = this.#options;
    let added = 0;
    for (let start = 0; start < ids.length; start += MAX_SELECTED_AT_ONCE) {
      signal?.throwIfAborted();
      const part = ids.slice(start, start + MAX_SELECTED_AT_ONCE);
      added += await changes.make(actor, async (tx) => {
        await matters.required(matter, tx);
        const there = await among(tx, matter, part);
        const fresh = part.filter((id) => !there.has(id));
        if (fresh.length === 0) return { result: 0 };
        if ((await selectedCount(tx, matter)) + fresh.length > MAX_SELECTED)
          throw new RecordsError("too-many", `a selection has at most ${MAX_SELECTED} records`);
        return {
          fact: { action: "selection.add", matter, detail: { id: matter, ids: fresh, why } },
          result: fresh.length,
        };
      });
    }
    return { added, already: ids.length - added, total: await this.count(matter) };
  }

  #removal(matter: string, ids: string[], why: string) {
    if (ids.length === 0) return { result: 0 };
    return {
      fact: { action: "selection.remove" as const, matter, detail: { id: matter, ids, why } },
      result: ids.length,
    };
  }
}

/** @throws {RecordsError} `bad-request`: audit records go with every export of the matter, and are nobody's to pick */
function idsOf(refs: readonly RecordRef[]): string[] {
  if (refs.some(({ shard }) => shard === AUDIT_SHARD))
    throw new RecordsError(
      "bad-request",
      "audit records are not selected: every export has those of its matter",
    );
  return refs.map(({ id }) => id);
}

function tooMany(): RecordsError {
  return new RecordsError(
    "too-many",
    `more than ${MAX_ADDED} records: narrow it by dates, and add each part`,
  );
}
