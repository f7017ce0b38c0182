import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import type { Change, Log } from "@daybook/keeping";
import { type AgentKind, type AgentState, FILES_APART } from "../spool/agent-state.ts";
import type { AnsweredRows } from "../spool/answered-rows.ts";
import type { Outbox, Saying } from "../spool/outbox.ts";
import { type WaitingFile, WaitingFiles } from "../spool/waiting-files.ts";
import { Comparing } from "./comparing.ts";
import { Counting } from "./counting.ts";
import { LiveDatabase } from "./live-database.ts";
import { freshMark, type Mark, mark } from "./mark.ts";
import { gap, problemOf } from "./problem.ts";
import type { ReadRow } from "./seen-rows.ts";
import { forgotten, lookAgain, type RowDeps, take } from "./take-row.ts";

/** Rows that are read in one transaction. */
const ROWS = 500;
/** Rows that are made ready to be handed over before anything else has its turn. */
const ROWS_OF_A_TURN = 20;
/** A message that is in no conversation yet may be put into one: until then scope cannot judge it. */
const CHAT_MS = 10_000;
const FILES_AT_ONCE = 50;
/** One after the other: then Messages has no account any more, or Apple takes nothing of it. */
const UNSENT = 3;
const OUTAGE_MS = 60_000;

export interface WatchingDeps extends Omit<RowDeps, "areFilesApart"> {
  readonly path: string;
  readonly state: AgentState;
  readonly outbox: Outbox;
  readonly answered: AnsweredRows;
  /** @param waiting what is in no batch yet */
  readonly saying: (waiting: number) => Saying;
  /** Whether there is no room for more: what is new stays in the database until there is. */
  readonly isFull: () => boolean;
  /** What is wrong with the database; undefined for nothing. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Whether what is written goes out; undefined while it does. */
  readonly onUnsent: (problem: string | undefined) => void;
  /** What was found by counting its rows; undefined for nothing. */
  readonly onCounted: (problem: string | undefined) => void;
  /** Between two looks whether anything was written, milliseconds. */
  readonly everyMs: number;
  readonly log: Log;
}

/** Finds what is new in the messages database, and puts it into the outbox, each event once. */
export class Watching {
  readonly #deps: WatchingDeps;
  readonly #files: WaitingFiles;
  readonly #counting: Counting;
  readonly #comparing: Comparing;
  #db: LiveDatabase | undefined;
  #mark: Mark | undefined;
  #version: bigint | undefined;
  /** Rows above it are new: those up to it were read, or are when all is compared once. */
  #last = 0n;
  /** What was there when the database was opened. */
  #there = 0n;
  /** Rows in no conversation, and since when they are known, of the clock that does not go back. */
  readonly #held = new Map<bigint, number>();
  #failingSince: number | undefined;
  #isTold = false;
  #areFilesApart: boolean;

  constructor(deps: WatchingDeps) {
    this.#deps = deps;
    this.#areFilesApart = deps.state.has("agent", FILES_APART);
    this.#files = new WaitingFiles(deps.state);
    this.#comparing = new Comparing(deps);
    this.#counting = new Counting({ ...deps, onProblem: deps.onCounted });
    this.#mark = mark.safeParse(deps.state.get("agent", "database")).data;
  }

  /** Until `signal` aborts. @throws {ConnectorError} what the agent's own files refuse for good */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const isWell = await this.#look(signal);
        // Once everything is compared there is time; until then, one part follows the other.
        if (isWell && this.#db && !this.#comparing.hasAll && !this.#deps.isFull()) await turn();
        else await sleep(this.#deps.everyMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      this.#close();
    }
  }

  /** Files that are in the agent's state by now. */
  lookFor(files: readonly WaitingFile[]): void {
    for (const one of files) this.#files.keep(one);
  }

  /** @returns whether the database could be read, and the agent's disk took what was new */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { onProblem, log } = this.#deps;
    try {
      if (this.#db?.isMoved || this.#db?.isRebuilt) this.#close();
      if (!this.#db) await this.#open();
      await this.#pass(signal);
      if (this.#failingSince !== undefined) log.info({}, "the messages database can be read again");
      this.#failingSince = undefined;
      this.#isTold = false;
      onProblem(undefined);
      return true;
    } catch (error) {
      if (error instanceof ConnectorError && error.code === "store-unavailable") {
        log.warn({ code: error.code }, "the agent's disk takes nothing: what is new stays in the database");
        onProblem("storage-full");
      } else await this.#failed(problemOf(error));
      return false;
    } finally {
      await this.#deps.attachments.removeLoose();
    }
  }

  /** A database that is away for long is a gap, once. */
  async #failed(problem: string): Promise<void> {
    const { onProblem, log, now, outbox, saying } = this.#deps;
    // One that is locked is still the same.
    if (problem !== "database-locked") this.#close();
    const at = now().getTime();
    if (this.#failingSince === undefined) log.warn({ problem }, "the messages database cannot be read");
    this.#failingSince ??= at;
    onProblem(problem);
    if (this.#isTold || at - this.#failingSince < OUTAGE_MS) return;
    try {
      await outbox.add([gap("database-unreadable", this.#mark?.readAt, at)], saying(0));
    } catch (error) {
      if (!(error instanceof ConnectorError) || !error.retryable) throw error;
      log.warn({ code: error.code }, "the agent's disk does not take that the database cannot be read");
      return;
    }
    this.#isTold = true;
    log.error({ problem }, "the messages database cannot be read for long: somebody must look");
  }

  async #open(): Promise<void> {
    const { path, known, outbox, saying, now, log } = this.#deps;
    const db = LiveDatabase.open(path);
    try {
      const before = this.#mark;
      if (before && !db.isThatOf(before.anchors)) {
        const at = now().getTime();
        const fresh: Mark = { of: before.of + 1, anchors: { rows: [] }, readAt: at };
        log.error({}, "the messages database is another than before: all of it is read");
        const one = gap("database-replaced", before.readAt, at);
        await outbox.add(
          [{ ...one, changes: [{ kind: "agent", name: "database", value: fresh }] }],
          saying(0),
        );
        this.#mark = fresh;
      } else if (before) {
        for (const some of known.there(before.of)) {
          db.remember(some);
          await turn();
        }
      }
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    this.#version = undefined;
    this.#last = db.last;
    this.#there = this.#last;
    this.#comparing.begin();
    this.#held.clear();
  }

  #close(): void {
    this.#db?.close();
    this.#db = undefined;
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const db = this.#db;
    if (!db || this.#deps.isFull()) return;
    const now = performance.now();
    // Before anything new is taken: nothing of it is answered yet.
    await this.#rows(db, await this.#missing(db, signal), signal);
    const { version } = db;
    const hasChanged = version !== this.#version;
    const take = (rowids: readonly bigint[]) => this.#rows(db, rowids, signal);
    if (hasChanged) {
      this.#comparing.written();
      const last = await this.#comparing.newest(db, this.#last, take);
      if (signal.aborted) return;
      this.#last = last;
    }
    const held = [...this.#held].filter(([, since]) => now - since >= CHAT_MS || hasChanged);
    await take(held.map(([row]) => row));
    const isAll = await this.#comparing.look(db, take);
    if (signal.aborted) return;
    if (isAll) await this.#wholeAtOnce();
    if (hasChanged) this.#deps.onUnsent(db.unsent >= UNSENT ? "sending-fails" : undefined);
    if (hasChanged) await this.#comparing.tombstones(db);
    await this.#lookForFiles(db);
    await this.#remember(db, hasChanged);
    this.#version = version;
  }

  /** From now on files go with their messages. */
  async #wholeAtOnce(): Promise<void> {
    if (!this.#areFilesApart) return;
    await this.#deps.state.write([{ kind: "agent", name: FILES_APART, value: undefined }]);
    this.#areFilesApart = false;
  }

  /** Rows that were taken, and never answered. */
  #missing(db: LiveDatabase, signal: AbortSignal): Promise<readonly bigint[]> {
    const through = this.#comparing.hasAll ? this.#last : 0n;
    const counted = { of: this.#mark?.of ?? 0, through, held: this.#held };
    return this.#counting.look(db, counted, signal);
  }

  async #rows(db: LiveDatabase, rowids: readonly bigint[], signal: AbortSignal): Promise<void> {
    const all = [...new Set(rowids)];
    for (let i = 0; i < all.length && !signal.aborted; i += ROWS) {
      await this.#untilRoom(signal);
      const some = all.slice(i, i + ROWS);
      const rows = db.read(some).filter((row) => !this.#isHeld(row));
      await this.#take(db, rows, all.length - i - rows.length);
      db.saw(rows);
    }
  }

  async #untilRoom(signal: AbortSignal): Promise<void> {
    while (this.#deps.isFull() && !signal.aborted)
      await sleep(this.#deps.everyMs, undefined, { signal }).catch(() => undefined);
  }

  async #take(db: LiveDatabase, rows: readonly ReadRow[], after: number): Promise<void> {
    const { outbox, answered, saying } = this.#deps;
    const of = this.#mark?.of ?? 0;
    const taken = [];
    const outgoing = [];
    for (const [n, row] of rows.entries()) {
      if (n % ROWS_OF_A_TURN === 0) await turn();
      const one = await take(row, of, { ...this.#deps, areFilesApart: () => this.#areFilesApart });
      taken.push(one);
      if (one.outgoing) outgoing.push({ ...one.outgoing, row: { of, rowid: row.rowid } });
    }
    const silent = outgoing.filter(({ raw }) => raw.length === 0);
    // There is nothing to be answered.
    const done = answered.add(silent.map(({ row }) => row));
    const noted = taken.flatMap((one) => one.noted);
    const changes = [...silent.flatMap((one) => one.changes), ...done, ...noted];
    const told = outgoing.filter(({ raw }) => raw.length > 0);
    // In one write, where the outbox is not about another: each is on the disk before it is done.
    await Promise.all([
      changes.length + told.length > 0 && this.#remember(db, true, changes),
      outbox.add(told, saying(after)),
    ]);
    for (const { waiting } of taken) for (const one of waiting) this.#files.keep(one);
  }

  #isHeld({ rowid, found }: ReadRow): boolean {
    const now = performance.now();
    const since = this.#held.get(rowid) ?? now;
    // What was there when the agent came is not about to be put anywhere.
    const isHeld = found.chats.length === 0 && rowid > this.#there && now - since < CHAT_MS;
    if (isHeld) this.#held.set(rowid, since);
    else this.#held.delete(rowid);
    return isHeld;
  }

  async #lookForFiles(db: LiveDatabase): Promise<void> {
    const { known, state, outbox, saying, now } = this.#deps;
    const due = this.#files.due(now().getTime(), FILES_AT_ONCE);
    if (due.length === 0) return;
    // By where the message is now: a database that was made anew has it elsewhere.
    const rowids = due.map(({ guid, row }) => BigInt(known.get(guid)?.row ?? row));
    const rows = new Map(db.read([...new Set(rowids)]).map((row) => [row.guid, row]));
    for (const one of due) {
      const { outgoing, waiting, isGivenUp } = await lookAgain(one, rows.get(one.guid), this.#deps);
      if (outgoing) await outbox.add([outgoing], saying(0));
      if (isGivenUp) await state.write([forgotten(one)]);
      if (waiting) this.#files.keep(waiting);
      else if (outgoing || isGivenUp) this.#files.done(one);
      else this.#files.later(one, now().getTime());
    }
  }

  /** By what the database is known again, and when it was read; `also` in the same write. */
  async #remember(
    db: LiveDatabase,
    hasChanged: boolean,
    also: readonly Change<AgentKind>[] = [],
  ): Promise<void> {
    const { state, now } = this.#deps;
    const fresh = freshMark(db, this.#mark, { hasChanged, readAt: now().getTime() });
    await state.write([
      ...also,
      ...(fresh ? [{ kind: "agent" as const, name: "database", value: fresh }] : []),
    ]);
    this.#mark = fresh ?? this.#mark;
  }
}
