import { checkpointKey, openCheckpoint, parseVkey, type Stores } from "@daybook/archive-core";
import type { CatalogueReader } from "@daybook/catalogue";
import type { Principal } from "@daybook/runtime";
import { hash } from "node:crypto";
import type { ArchiveReader } from "../archive-reader.ts";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import { startOfDay } from "../clocks/day.ts";
import type { Database } from "../database.ts";
import type { Page, PageRequest } from "../paging.ts";
import { named, type Named, type PersonNames } from "../person-names.ts";
import type { Reading } from "../reading.ts";
import type { Replay } from "../replay.ts";
import type { AuditTrail } from "../trail.ts";
import type { Matter, Matters } from "./matters.ts";
import { type Conclusion, concluded } from "./statement-conclusion.ts";
import { blindMs, type Listening, listeningWithin, NOT_LISTENED } from "./statement-listening.ts";
import { scopeOf, type SearchedScope } from "./statement-period.ts";
import {
  accountsWithin,
  disposalsBefore,
  postsWithin,
  rulesWithin,
  type Stated,
  type StatedAccount,
  type StatedDisposal,
  type StatedPost,
  type StatedRule,
} from "./statement-registry.ts";

/** A search that was made under the matter, as its audit record has it. */
export interface StatedSearch {
  readonly id: string;
  readonly by: Named;
  readonly at: string;
  readonly words: string;
  readonly filters: {
    readonly custodian?: string | undefined;
    readonly post?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  } & Readonly<Record<string, unknown>>;
  readonly names: { readonly custodian?: string };
  /** A floor unless `totalIsExact`. */
  readonly total: number;
  readonly totalIsExact: boolean;
}

/** How far a log is, as it is signed. */
export interface StatedLog {
  readonly shard: string;
  readonly size: number;
  /** The signed note, a C2SP checkpoint. */
  readonly checkpoint: string;
}

/** What was looked for, in what, and what that allows to say. */
export interface Statement {
  readonly madeAt: string;
  readonly madeBy: Named;
  readonly matter: Matter;
  readonly conclusion: Conclusion;
  readonly searches: Stated<StatedSearch>;
  /** Null where no search was made. */
  readonly scope: SearchedScope | null;
  readonly accounts: Stated<StatedAccount>;
  readonly posts: Stated<StatedPost>;
  readonly listening: Listening & { readonly blindSeconds: number };
  readonly rules: Stated<StatedRule>;
  readonly disposals: Stated<StatedDisposal>;
  readonly logs: readonly StatedLog[];
}

/** Searches that one statement names. */
const MAX_SEARCHES = 1_000;
const NOTHING = { entries: [], whole: true } as const;
const DAY_LENGTH = "2026-03-04".length;

export interface StatementsOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly replay: Pick<Replay, "catchUp">;
  readonly cells: Cells;
  readonly catalogue: CatalogueReader;
  readonly archive: Pick<ArchiveReader, "shards" | "vkey">;
  readonly stores: Pick<Stores, "heads">;
  readonly reading: Reading;
  readonly matters: Matters;
  /** Newest first. */
  readonly searches: { list(matter: string, request: PageRequest): Promise<Page<StatedSearch>> };
  readonly names: PersonNames;
  readonly trail: AuditTrail;
  readonly now: () => Date;
}

/** Says what was searched for a matter, and how much that proves. */
export class Statements {
  readonly #of: StatementsOptions;

  constructor(options: StatementsOptions) {
    this.#of = options;
  }

  /**
   * The statement as it can be made now. Answered once an audit event with its digest and its conclusion is durable.
   *
   * @throws {RecordsError} `no-such-matter`, `unavailable`
   */
  async make(id: string, principal: Principal): Promise<Statement> {
    const { database, cells, catalogue, reading, matters, trail, now, changes, replay } = this.#of;
    const matter = await matters.get(id);
    // A search whose audit event is durable is in the statement, whatever became of its row.
    await changes.exclusively(({ session }) => replay.catchUp(session));
    const searches = await this.#searches(id);
    const scope = scopeOf(searches.entries);
    const listening = scope ? await listeningWithin({ catalogue, reading }, scope) : NOT_LISTENED;
    const parts = {
      madeAt: now().toISOString(),
      madeBy: named(principal.id, await this.#of.names.of([principal.id])),
      matter,
      searches,
      scope: scope ?? null,
      accounts: scope ? await accountsWithin(database, cells, scope) : NOTHING,
      posts: scope ? await postsWithin(database, cells, scope) : NOTHING,
      listening: { ...listening, blindSeconds: Math.round(blindMs(listening.intervals) / 1_000) },
      rules: scope ? await rulesWithin(database, scope) : NOTHING,
      disposals: await disposalsBefore(database, cells, receivedAt(matter)),
      logs: await this.#logs(),
    };
    const statement = { ...parts, conclusion: concluded(parts) };
    await trail.record({
      actor: principal.id,
      action: "statement.read",
      matter: id,
      subject: id,
      detail: {
        conclusion: statement.conclusion.code,
        searches: searches.entries.length,
        sha256: hash("sha256", JSON.stringify(statement)),
      },
    });
    return statement;
  }

  async #searches(matter: string): Promise<Stated<StatedSearch>> {
    const { entries, next } = await this.#of.searches.list(matter, { limit: MAX_SEARCHES });
    return { entries, whole: next === null };
  }

  async #logs(): Promise<StatedLog[]> {
    const { archive, stores } = this.#of;
    const logs: StatedLog[] = [];
    for (const shard of archive.shards) {
      const published = await stores.heads.read(checkpointKey(shard));
      if (!published) continue;
      const checkpoint = Buffer.from(published.body).toString("utf8");
      const { size } = openCheckpoint(checkpoint, parseVkey(archive.vkey(shard)));
      logs.push({ shard, size, checkpoint });
    }
    return logs;
  }
}

/** When the request was received: without a regime, when its matter was opened. */
function receivedAt({ receivedAt: received, openedAt }: Matter): string {
  if (received === null) return openedAt;
  return received.length === DAY_LENGTH ? startOfDay(received).toISOString() : received;
}
