import { createHmac, randomUUID } from "node:crypto";
import type { z } from "zod";
import { PLACES } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Changes } from "./changes.ts";
import type { Database } from "./database.ts";
import { RecordsError } from "./error.ts";
import type { scopeRule } from "./facts.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";

export type ScopeRule = z.infer<typeof scopeRule>;

export interface ScopeEntry {
  readonly id: string;
  readonly rule: ScopeRule;
  readonly reason: string;
  readonly addedBy: string;
  readonly addedAt: string;
  readonly endedAt: string | null;
}

interface ScopeRow {
  readonly id: string;
  readonly rule: ScopeRule;
  readonly reason: Buffer;
  readonly added_by: string;
  readonly added_at: Date;
  readonly ended_at: Date | null;
}

/** Rules in force at one time: every capture has them all. */
const MAX_RULES = 10_000;
const OLDEST_FIRST: Order<ScopeRow> = {
  list: "scope",
  newestFirst: false,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/** What capture takes and leaves. Rules name conversations by keyed hashes, so that none tells a name. */
export class Scope {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #key: Uint8Array;

  /** @param options.key 32 bytes: the key under which capture hashes conversations */
  constructor(options: { database: Database; changes: Changes; cells: Cells; key: Uint8Array }) {
    this.#database = options.database;
    this.#changes = options.changes;
    this.#cells = options.cells;
    this.#key = options.key;
  }

  /** The rules that have not ended, as capture reads them. The version grows with every change. */
  async published(): Promise<{ version: number; rules: ({ id: string } & ScopeRule)[] }> {
    // One statement, so that the version is the one of these rules.
    const [found] = await this.#database.query<{ version: number; rules: ({ id: string } & ScopeRule)[] }>(
      `SELECT (count(*) + count(ended_at))::int AS version, coalesce(
         jsonb_agg(rule || jsonb_build_object('id', id) ORDER BY added_at, id) FILTER (WHERE ended_at IS NULL),
         '[]') AS rules FROM records.scope_rule`,
    );
    return found ?? { version: 0, rules: [] };
  }

  /** In the order they were added, ended ones included. */
  async list(request: PageRequest): Promise<Page<ScopeEntry>> {
    const select = "SELECT id, rule, reason, added_by, added_at, ended_at FROM records.scope_rule";
    const { entries, next } = await readPage(this.#database, select, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#entry(row)), next };
  }

  #entry(row: ScopeRow): ScopeEntry {
    return {
      id: row.id,
      rule: row.rule,
      reason: this.#cells.open(PLACES.scopeReason(row.id), row.reason),
      addedBy: row.added_by,
      addedAt: row.added_at.toISOString(),
      endedAt: row.ended_at && row.ended_at.toISOString(),
    };
  }

  /** @param rule.conversation id or exact title, which is kept only as a hash; needs the network */
  add(rule: ScopeRule, reason: string, actor: string): Promise<{ id: string }> {
    const { conversation, network, ...rest } = rule;
    if (conversation !== undefined && network === undefined) {
      throw new RecordsError("bad-request", "a rule for a conversation names its network");
    }
    return this.#changes.make(actor, async (tx) => {
      const [count] = await tx.query<{ count: string }>(
        "SELECT count(*) FROM records.scope_rule WHERE ended_at IS NULL",
      );
      if (Number(count?.count) >= MAX_RULES)
        throw new RecordsError("too-many", "there are too many scope rules");
      const id = randomUUID();
      const kept: ScopeRule = {
        ...rest,
        ...(network === undefined ? {} : { network }),
        ...(conversation === undefined || network === undefined
          ? {}
          : { conversation: scopeHash(this.#key, network, conversation) }),
      };
      return { fact: { action: "scope.add", detail: { id, rule: kept, reason } }, result: { id } };
    });
  }

  /** @throws {RecordsError} `not-found`; `conflict` when it has ended */
  async end(id: string, reason: string, actor: string): Promise<void> {
    await this.#changes.make(actor, async (tx) => {
      const [row] = await tx.query<ScopeRow>("SELECT ended_at FROM records.scope_rule WHERE id = $1", [id]);
      if (!row) throw new RecordsError("not-found", "there is no such rule");
      if (row.ended_at) throw new RecordsError("conflict", "that rule has ended");
      return { fact: { action: "scope.end", detail: { id, reason } }, result: undefined };
    });
  }
}

/** Keyed hash by which a rule names a conversation, by its id or title. Capture computes the same. */
export function scopeHash(key: Uint8Array, network: string, conversation: string): string {
  return createHmac("sha256", key)
    .update(JSON.stringify(["scope", network, conversation]))
    .digest("hex")
    .slice(0, 32);
}
