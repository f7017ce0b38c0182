import { randomUUID } from "node:crypto";
import type { FsckReport } from "@daybook/archive-core";
import type { Logger } from "@daybook/runtime";
import type { z } from "zod";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { checkedShard } from "./health-facts.ts";

export type CheckedShard = z.infer<typeof checkedShard>;

/** What a check of everything came to. */
export interface Verification {
  readonly by: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly ok: boolean;
  readonly shards: readonly CheckedShard[];
}

/** A check that is under way. */
export interface Verifying {
  readonly by: string;
  readonly startedAt: string;
  readonly checked: readonly CheckedShard[];
  /** Shards in all. */
  readonly of: number;
}

export interface VerificationsOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly fsck: (actor: string) => AsyncGenerator<FsckReport, void, undefined>;
  readonly shards: readonly string[];
  readonly log: Logger;
  readonly now: () => Date;
}

/** Checks of every log, segment and key block, and what the last one came to. */
export class Verifications {
  readonly #options: VerificationsOptions;
  #verifying: Verifying | undefined;

  constructor(options: VerificationsOptions) {
    this.#options = options;
  }

  /** The one under way, if one is, and the last that ended. */
  async now(): Promise<{ verifying: Verifying | null; last: Verification | null }> {
    const [row] = await this.#options.database.query<{
      by: string;
      started_at: Date;
      ended_at: Date;
      ok: boolean;
      shards: CheckedShard[];
    }>(
      "SELECT by, started_at, ended_at, ok, shards FROM records.verification ORDER BY ended_at DESC, id LIMIT 1",
    );
    return {
      verifying: this.#verifying ?? null,
      last: row
        ? {
            by: row.by,
            startedAt: row.started_at.toISOString(),
            endedAt: row.ended_at.toISOString(),
            ok: row.ok,
            shards: row.shards,
          }
        : null,
    };
  }

  /** Begins a check that goes on when whoever asked for it is gone. @throws {RecordsError} `conflict` while one runs */
  begin(actor: string): Verifying {
    if (this.#verifying) throw new RecordsError("conflict", "a check is under way: wait until it is through");
    const run = this.run(actor);
    void (async () => {
      for await (const _ of run);
    })().catch((err: unknown) => this.#options.log.error({ err }, "a check of the logs broke off"));
    return this.#shown(actor);
  }

  /** Checks every shard; yields each when it is done, and remembers what all came to when the last is. */
  async *run(actor: string): AsyncGenerator<FsckReport, void, undefined> {
    const { fsck, changes } = this.#options;
    const begun = this.#shown(actor);
    const { startedAt } = begun;
    const checked: CheckedShard[] = [];
    const shown = this.#verifying === undefined;
    if (shown) this.#verifying = begun;
    try {
      for await (const report of fsck(actor)) {
        checked.push({ shard: report.shard, size: report.size, problems: report.problems.length });
        if (shown) this.#verifying = { ...begun, checked: [...checked] };
        yield report;
      }
      const ok = checked.every(({ problems }) => problems === 0);
      await changes.make(actor, () =>
        Promise.resolve({
          fact: { action: "fsck.end", detail: { id: randomUUID(), startedAt, ok, shards: checked } },
          result: undefined,
        }),
      );
    } finally {
      if (shown) this.#verifying = undefined;
    }
  }

  #shown(actor: string): Verifying {
    const { now, shards } = this.#options;
    return this.#verifying ?? { by: actor, startedAt: now().toISOString(), checked: [], of: shards.length };
  }
}
