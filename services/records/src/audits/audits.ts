import type { CatalogueReader, RecordRef } from "@daybook/catalogue";
import { type Audit, auditGroupOf } from "@daybook/contract";
import type { Principal } from "@daybook/runtime";
import { PLACES } from "../apply.ts";
import { type Cells, foldName } from "../cells.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import { MATTER_PLACES } from "../matters/matter-places.ts";
import type { Reading } from "../reading.ts";
import type { AuditTrail } from "../trail.ts";

/** What narrows a list of audit records: all of it must hold. */
export interface AuditFilters {
  /** Name or id. */
  readonly person?: string | undefined;
  /** One, or the group of all that begin with a word: `matter.*`, and what is that word alone. */
  readonly action?: string | undefined;
  readonly matter?: string | undefined;
  readonly subject?: string | undefined;
  /** Inclusive, a day or an instant. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Who did what, and why. */
export interface AuditEntry {
  /** Of the audit record. */
  readonly id: string;
  /** In the audit log. */
  readonly index: number;
  readonly at: string;
  readonly actor: {
    readonly id: string;
    readonly name: string | null;
    readonly kind: "person" | "machine" | null;
  };
  readonly action: string;
  readonly matter: { readonly id: string; readonly title: string | null } | null;
  readonly subject: string | null;
  readonly detail: NonNullable<Audit["detail"]>;
}

/** Audit records that one call opens at most: the page may then be short, and still go on. */
const MAX_OPENED = 2_000;
const OPENED_AT_ONCE = 100;

/** Shows the audit log, and records that it was looked at. */
export class Audits {
  readonly #catalogue: CatalogueReader;
  readonly #reading: Reading;
  readonly #trail: AuditTrail;
  readonly #database: Database;
  readonly #cells: Cells;

  constructor(of: {
    catalogue: CatalogueReader;
    reading: Reading;
    trail: AuditTrail;
    database: Database;
    cells: Cells;
  }) {
    this.#catalogue = of.catalogue;
    this.#reading = of.reading;
    this.#trail = of.trail;
    this.#database = of.database;
    this.#cells = of.cells;
  }

  /**
   * A page, the latest first, answered once its own audit event is durable.
   *
   * @param page.cursor the `next` of the page before
   * @throws {RecordsError} `bad-request`
   */
  async page(
    filters: AuditFilters,
    page: { limit: number; cursor?: string | undefined },
    principal: Principal,
  ): Promise<{ entries: AuditEntry[]; next: string | null }> {
    const { found, next } = await this.#find(filters, page);
    await this.#trail.record({
      actor: principal.id,
      action: "audit.view",
      ...(filters.matter !== undefined && { matter: filters.matter }),
      detail: {
        filters: JSON.parse(JSON.stringify(filters)) as Record<string, string>,
        further: page.cursor !== undefined,
        results: found.map(({ ref }) => ref.id),
      },
    });
    const [people, titles] = [
      await this.#people(found.map(({ audit }) => audit.actor)),
      await this.#titles(found.flatMap(({ audit }) => audit.matter ?? [])),
    ];
    return {
      entries: found.map(({ ref, audit, at }) => ({
        id: ref.id,
        index: ref.index,
        at,
        actor: { id: audit.actor, name: null, kind: null, ...people.get(audit.actor) },
        action: audit.action,
        matter:
          audit.matter === undefined ? null : { id: audit.matter, title: titles.get(audit.matter) ?? null },
        subject: audit.subject ?? null,
        detail: audit.detail ?? {},
      })),
      next,
    };
  }

  async #find(
    { person, action, subject, ...where }: AuditFilters,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<{ found: Found[]; next: string | null }> {
    const actors = person === undefined ? undefined : await this.#named(person);
    const fits = (audit: Audit) =>
      (actors === undefined || actors.includes(audit.actor)) &&
      (action === undefined || isOf(audit.action, action)) &&
      (subject === undefined || audit.subject === subject);
    const found: Found[] = [];
    let before = cursor === undefined ? undefined : indexIn(cursor);
    for (let opened = 0; opened < MAX_OPENED;) {
      const refs = await this.#catalogue.audits.page({ ...where, before, limit: OPENED_AT_ONCE });
      const records = await this.#reading.open(refs);
      for (const [at, ref] of refs.entries()) {
        before = ref.index;
        const record = records[at];
        if (!record?.audit || !fits(record.audit)) continue;
        found.push({ ref, audit: record.audit, at: record.capturedAt });
        if (found.length === limit) return { found, next: String(ref.index) };
      }
      if (refs.length < OPENED_AT_ONCE) return { found, next: null };
      opened += refs.length;
    }
    return { found, next: before === undefined ? null : String(before) };
  }

  /** Ids of the people of a name, or that id itself, which need not be of the registry. */
  async #named(nameOrId: string): Promise<string[]> {
    const rows = await this.#database.query<{ id: string }>(
      "SELECT id FROM records.person WHERE name_key = $1 LIMIT 100",
      [this.#cells.lookup("person", foldName(nameOrId))],
    );
    return [nameOrId, ...rows.map(({ id }) => id)];
  }

  async #people(ids: readonly string[]): Promise<Map<string, { name: string; kind: "person" | "machine" }>> {
    const rows = await this.#database.query<{ id: string; name: Buffer; kind: "person" | "machine" }>(
      "SELECT id, name, kind FROM records.person WHERE id = ANY($1)",
      [[...new Set(ids)]],
    );
    return new Map(
      rows.map(({ id, name, kind }) => [id, { name: this.#cells.open(PLACES.person(id), name), kind }]),
    );
  }

  async #titles(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#database.query<{ id: string; title: Buffer }>(
      "SELECT id, title FROM records.matter WHERE id::text = ANY($1)",
      [[...new Set(ids)]],
    );
    return new Map(rows.map(({ id, title }) => [id, this.#cells.open(MATTER_PLACES.title(id), title)]));
  }
}

interface Found {
  readonly ref: RecordRef;
  readonly audit: Audit;
  readonly at: string;
}

function isOf(action: string, asked: string): boolean {
  return asked.endsWith(".*") ? auditGroupOf(action) === asked.slice(0, -2) : action === asked;
}

function indexIn(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new RecordsError("bad-request", "not a cursor of this list: begin without one");
}
