import { randomUUID } from "node:crypto";
import type { Logger } from "@daybook/runtime";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { Bell } from "../housekeeping.ts";
import type { ArchiveKeys } from "./archive-keys.ts";
import { RewrapJob, type RewrapProgress } from "./rewrap-job.ts";
import type { RewrapChange } from "./rewrap-one.ts";
import type { WrappedHome } from "./wrapped-home.ts";

const RETRY_MS = 5_000;
const LOOK_MS = 60_000;

/** What is to be done, by fingerprints. */
export interface RewrapRequest {
  readonly to: string;
  readonly drop?: string | undefined;
}

export interface RewrapStatus {
  readonly id: string;
  readonly to: string;
  readonly drop: string | null;
  /** `incomplete`: something could not be opened, or is wrapped to the old key again and again. */
  readonly state: "running" | "done" | "incomplete";
  readonly startedBy: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Things that were named in audit records before they were wrapped again, by all runs of it. */
  readonly named: number;
  readonly failed: number;
  /** While it runs here. */
  readonly progress: RewrapProgress | null;
}

interface Row {
  readonly id: string;
  readonly to_key: string;
  readonly drop_key: string | null;
  readonly started_by: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly complete: boolean | null;
  readonly named: string;
  readonly failed: string | null;
}

export interface RewrapsOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly archiveKeys: ArchiveKeys;
  readonly homes: readonly WrappedHome[];
  readonly log: Logger;
  readonly now: () => Date;
}

/**
 * Wraps keyring blocks, and the keys of the catalogue's cells, for another key, in the background. Nothing under a
 * lock is touched. What is still to do is read from what things are wrapped to, so a job that a crash cut off goes on
 * where it was; each thing is named in a durable audit record before it is written.
 */
export class Rewraps {
  readonly #options: RewrapsOptions;
  readonly #bell = new Bell();
  #running: { readonly id: string; readonly job: RewrapJob } | undefined;

  constructor(options: RewrapsOptions) {
    this.#options = options;
  }

  /** Durably asked for once resolved. @throws {RecordsError} `not-found`, `conflict`, saying why it may not run */
  async start({ to, drop }: RewrapRequest, actor: string): Promise<RewrapStatus> {
    await this.#options.archiveKeys.refresh();
    const change = this.#changeOf(to, drop ?? null);
    this.#refuseUnsafe(change);
    const id = randomUUID();
    await this.#options.changes.make(actor, async (tx) => {
      const [running] = await tx.query("SELECT FROM records.rewrap WHERE ended_at IS NULL");
      if (running) throw new RecordsError("conflict", "a re-wrap is running: see `keys rewrap status`");
      const detail = {
        id,
        to: change.to.recipient.fingerprint,
        drop: change.drop?.recipient.fingerprint ?? null,
      };
      return { fact: { action: "key.rewrap", detail }, result: undefined };
    });
    this.#bell.ring();
    const [status] = await this.#statuses(this.#options.database, id);
    if (!status) throw new RecordsError("corrupt", "the re-wrap is not in the table it was put in");
    return status;
  }

  /** The latest hundred. */
  list(): Promise<RewrapStatus[]> {
    return this.#statuses(this.#options.database);
  }

  /** Does what was asked for, until the signal aborts. What fails is tried again: it stops nothing else. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      let waitMs = LOOK_MS;
      try {
        const [row] = await this.#options.database.query<Row>(
          "SELECT * FROM records.rewrap WHERE ended_at IS NULL ORDER BY started_at LIMIT 1",
        );
        if (row) {
          await this.#do(row, signal);
          continue;
        }
      } catch (err) {
        signal.throwIfAborted();
        const retryable = (err as { retryable?: unknown }).retryable === true;
        if (retryable) waitMs = RETRY_MS;
        this.#options.log[retryable ? "warn" : "error"]({ err }, "a re-wrap was cut off, to be gone on with");
      }
      await this.#bell.wait(waitMs, signal);
    }
  }

  async #do(row: Row, signal: AbortSignal): Promise<void> {
    const change = this.#changeOf(row.to_key, row.drop_key);
    const job = new RewrapJob({ ...this.#options, id: row.id, actor: row.started_by, change });
    this.#running = { id: row.id, job };
    try {
      await job.run(signal);
    } finally {
      this.#running = undefined;
    }
  }

  #changeOf(to: string, drop: string | null): RewrapChange {
    const list = this.#options.archiveKeys.recipients();
    const find = (fingerprint: string) => {
      const key = list.find(fingerprint);
      if (!key) throw new RecordsError("not-found", "there is no such key: see `keys list`");
      return key;
    };
    return { to: find(to), drop: drop === null ? undefined : find(drop) };
  }

  #refuseUnsafe({ to, drop }: RewrapChange): void {
    const { archiveKeys, now } = this.#options;
    const { fingerprint } = to.recipient;
    const isHeld = archiveKeys.privateKeys().some((key) => key.fingerprint === fingerprint);
    const refuse = (why: string) => new RecordsError("conflict", why);
    if (to.retired) throw refuse("that key is retired");
    if (to.role === "archive" && !isHeld)
      throw refuse("the private half of that key is not here: place it first");
    if (!drop) return;
    if (drop.recipient.fingerprint === fingerprint) throw refuse("a key cannot be added and dropped at once");
    if (to.role !== "archive" && drop.role === "archive")
      throw refuse("an archive key is dropped only for another archive key");
    const inForce = archiveKeys.recipients().inForce(now());
    if (inForce.some((key) => key.fingerprint === drop.recipient.fingerprint))
      throw refuse("new blocks are still wrapped to the key to drop: wait until another is in force");
  }

  async #statuses(tx: Tx, id: string | null = null): Promise<RewrapStatus[]> {
    const rows = await tx.query<Row>(
      `SELECT * FROM records.rewrap WHERE $1::uuid IS NULL OR id = $1::uuid
       ORDER BY started_at DESC, id LIMIT 100`,
      [id],
    );
    return rows.map((row) => ({
      id: row.id,
      to: row.to_key,
      drop: row.drop_key,
      state: row.ended_at === null ? "running" : row.complete === true ? "done" : "incomplete",
      startedBy: row.started_by,
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      named: Number(row.named),
      failed: Number(row.failed ?? 0),
      // A job is still at its end for a moment after the table says that it ended.
      progress: row.ended_at === null && this.#running?.id === row.id ? this.#running.job.progress : null,
    }));
  }
}
