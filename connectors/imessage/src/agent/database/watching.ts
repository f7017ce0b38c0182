import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import type { Log } from "@daybook/keeping";
import { z } from "zod";
import { idOf } from "../../reading/entry.ts";
import type { AgentState } from "../spool/agent-state.ts";
import { knownAs } from "../spool/known-rows.ts";
import type { Outbox, Outgoing, Saying } from "../spool/outbox.ts";
import { WaitingFiles } from "../spool/waiting-files.ts";
import { LiveDatabase, problemOf, type ReadRow, type SeenRow } from "./live-database.ts";
import { lookAgain, type RowDeps, take } from "./take-row.ts";

/** Rows that are read in one transaction. */
const ROWS = 500;
const ANCHORS = 20;
/** Comparing every row takes this part of the time at most. */
const SHARE = 100;
/** A message that is in no conversation yet may be put into one: until then scope cannot judge it. */
const CHAT_MS = 10_000;
const FILES_AT_ONCE = 50;
const OUTAGE_MS = 60_000;
const MARK_EVERY_MS = 60_000;

const mark = z.object({
  /** Rises when there is another. */
  of: z.int(),
  anchors: z.object({ rows: z.array(z.tuple([z.string(), z.string()])), given: z.string().optional() }),
  /** When it was read last, milliseconds since 1970. */
  readAt: z.int(),
});
type Mark = z.infer<typeof mark>;

export interface WatchingDeps extends RowDeps {
  readonly path: string;
  readonly state: AgentState;
  readonly outbox: Outbox;
  /** @param waiting what is in no batch yet */
  readonly saying: (waiting: number) => Saying;
  /** Whether there is no room for more: what is new stays in the database until there is. */
  readonly isFull: () => boolean;
  /** What is wrong with the database; undefined for nothing. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Between two looks whether anything was written, milliseconds. */
  readonly everyMs: number;
  readonly log: Log;
}

/** Finds what is new in the messages database, and puts it into the outbox, each event once. */
export class Watching {
  readonly #deps: WatchingDeps;
  readonly #files: WaitingFiles;
  #db: LiveDatabase | undefined;
  #mark: Mark | undefined;
  #version: bigint | undefined;
  /** Rows up to it were read. */
  #last = 0n;
  /** Of the clock that does not go back. */
  #compareAt = 0;
  #isComparing = true;
  readonly #binned = new Set<string>();
  /** Rows in no conversation, and since when they are known. */
  readonly #held = new Map<bigint, number>();
  #failingSince: number | undefined;
  #isTold = false;

  constructor(deps: WatchingDeps) {
    this.#deps = deps;
    this.#files = new WaitingFiles(deps.state);
    this.#mark = mark.safeParse(deps.state.get("agent", "database")).data;
  }

  /** Until `signal` aborts. @throws {ConnectorError} what the agent's own files refuse for good */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#look(signal);
        await sleep(this.#deps.everyMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      this.#close();
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { onProblem, log } = this.#deps;
    try {
      if (this.#db?.isMoved) this.#close();
      if (!this.#db) await this.#open();
      await this.#pass(signal);
      if (this.#failingSince !== undefined) log.info({}, "the messages database can be read again");
      this.#failingSince = undefined;
      this.#isTold = false;
      onProblem(undefined);
    } catch (error) {
      if (error instanceof ConnectorError && error.code === "store-unavailable") {
        log.warn({ code: error.code }, "the agent's disk takes nothing: what is new stays in the database");
        onProblem("storage-full");
        return;
      }
      await this.#failed(problemOf(error));
    }
  }

  /** A database that is away for long is a gap, once. */
  async #failed(problem: string): Promise<void> {
    const { onProblem, log, now, outbox, saying } = this.#deps;
    this.#close();
    const at = now().getTime();
    if (this.#failingSince === undefined) log.warn({ problem }, "the messages database cannot be read");
    this.#failingSince ??= at;
    onProblem(problem);
    if (this.#isTold || at - this.#failingSince < OUTAGE_MS) return;
    this.#isTold = true;
    log.error({ problem }, "the messages database cannot be read for long: somebody must look");
    await outbox.add([gap("database-unreadable", this.#mark?.readAt, at)], saying(0));
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
      } else if (before) db.remember(known.there(before.of));
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    this.#version = undefined;
    this.#last = 0n;
    this.#isComparing = true;
    this.#compareAt = 0;
    this.#binned.clear();
    this.#held.clear();
  }

  #close(): void {
    this.#db?.close();
    this.#db = undefined;
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const db = this.#db;
    if (!db || this.#deps.isFull()) return;
    const now = this.#deps.now().getTime();
    const { version } = db;
    const hasChanged = version !== this.#version;
    if (hasChanged) {
      this.#isComparing = true;
      const fresh = db.after(this.#last);
      // At the first look the comparison brings all of them.
      if (this.#last > 0n)
        await this.#rows(db, [...fresh, ...this.#newlyBinned(db), ...db.newlyJoined()], signal);
    }
    const held = [...this.#held].filter(([, since]) => now - since >= CHAT_MS || hasChanged);
    if (held.length > 0)
      await this.#rows(
        db,
        held.map(([row]) => row),
        signal,
      );
    if (this.#isComparing && performance.now() >= this.#compareAt) await this.#compare(db, signal);
    if (signal.aborted) return;
    if (hasChanged) await this.#tombstones(db);
    await this.#lookForFiles(db);
    await this.#remember(db);
    this.#version = version;
  }

  async #compare(db: LiveDatabase, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const { changed, gone } = db.differences();
    const took = performance.now() - began;
    this.#isComparing = false;
    this.#compareAt = performance.now() + took * SHARE;
    await this.#gone(db, gone);
    await this.#rows(db, changed, signal);
    for (const [row, at] of db.binned()) this.#binned.add(`${row}/${at}`);
    const last = changed.at(-1) ?? 0n;
    if (last > this.#last) this.#last = last;
  }

  /** Rows of the recently deleted that were not there at the last look. */
  #newlyBinned(db: LiveDatabase): bigint[] {
    const fresh = db.binned().filter(([row, at]) => !this.#binned.has(`${row}/${at}`));
    for (const [row, at] of fresh) this.#binned.add(`${row}/${at}`);
    return fresh.map(([row]) => row);
  }

  async #rows(db: LiveDatabase, rowids: readonly bigint[], signal: AbortSignal): Promise<void> {
    const all = [...new Set(rowids)];
    for (let i = 0; i < all.length && !signal.aborted; i += ROWS) {
      await this.#untilRoom(signal);
      const rows = db.read(all.slice(i, i + ROWS)).filter((row) => !this.#isHeld(row));
      await this.#take(rows, all.length - i - rows.length);
      db.saw(rows);
      for (const { rowid } of rows) if (rowid > this.#last) this.#last = rowid;
    }
  }

  async #untilRoom(signal: AbortSignal): Promise<void> {
    while (this.#deps.isFull() && !signal.aborted)
      await sleep(this.#deps.everyMs, undefined, { signal }).catch(() => undefined);
  }

  async #take(rows: readonly ReadRow[], after: number): Promise<void> {
    const { state, outbox, saying } = this.#deps;
    const of = this.#mark?.of ?? 0;
    const taken = [];
    for (const row of rows) taken.push(await take(row, of, this.#deps));
    const outgoing = taken.flatMap((one) => one.outgoing ?? []);
    const silent = outgoing.filter(({ raw }) => raw.length === 0);
    await state.write(silent.flatMap(({ changes }) => changes));
    await outbox.add(
      outgoing.filter(({ raw }) => raw.length > 0),
      saying(after),
    );
    for (const { waiting } of taken) for (const one of waiting) this.#files.keep(one);
  }

  #isHeld({ rowid, found }: ReadRow): boolean {
    const now = this.#deps.now().getTime();
    const since = this.#held.get(rowid) ?? now;
    // What was there when the agent came is not about to be put anywhere.
    const isHeld = found.chats.length === 0 && this.#last > 0n && now - since < CHAT_MS;
    if (isHeld) this.#held.set(rowid, since);
    else this.#held.delete(rowid);
    return isHeld;
  }

  async #gone(db: LiveDatabase, gone: readonly (SeenRow & { isElsewhere: boolean })[]): Promise<void> {
    if (gone.length === 0) return;
    const { known, state, outbox, saying, now } = this.#deps;
    const buried = new Set([...db.tombstones()].map(({ guid }) => guid));
    const outgoing: Outgoing[] = [];
    for (const { guid } of gone.filter(({ isElsewhere }) => !isElsewhere)) {
      const before = known.get(guid);
      if (!before || before.isGone) continue;
      const change = knownAs(guid, { ...before, isGone: true });
      const { network, conversation } = before;
      const about = { guid: idOf(guid), network, ...(conversation && { conversation }) };
      const said = { v: 1, seen: "gone", at: now().getTime(), ...about };
      if (buried.has(guid)) await state.write([change]);
      else outgoing.push({ raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [change] });
    }
    await outbox.add(outgoing, saying(0));
    db.forget(gone.map(({ rowid }) => rowid));
  }

  async #tombstones(db: LiveDatabase): Promise<void> {
    const { state, outbox, saying, now } = this.#deps;
    const outgoing: Outgoing[] = [];
    for (const { guid, rowid } of db.tombstones()) {
      if (state.has("tombstone", guid)) continue;
      const deletedMessage = { guid, ROWID: Number(rowid) };
      const said = { v: 1, seen: "tombstone", at: now().getTime(), deletedMessage };
      const change = { kind: "tombstone" as const, name: guid, value: true };
      outgoing.push({ raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [change] });
    }
    await outbox.add(outgoing, saying(0));
  }

  async #lookForFiles(db: LiveDatabase): Promise<void> {
    const { known, outbox, saying, now } = this.#deps;
    const due = this.#files.due(now().getTime(), FILES_AT_ONCE);
    if (due.length === 0) return;
    // By where the message is now: a database that was made anew has it elsewhere.
    const rowids = due.map(({ guid, row }) => BigInt(known.get(guid)?.row ?? row));
    const rows = new Map(db.read([...new Set(rowids)]).map((row) => [row.guid, row]));
    for (const one of due) {
      const outgoing = await lookAgain(one, rows.get(one.guid), this.#deps);
      if (outgoing) {
        await outbox.add([outgoing], saying(0));
        this.#files.done(one);
      } else this.#files.later(one, now().getTime());
    }
  }

  /** By what the database is known again, and when it was read. */
  async #remember(db: LiveDatabase): Promise<void> {
    const { state, now } = this.#deps;
    const readAt = now().getTime();
    const before = this.#mark;
    const { rows, given } = db.anchors(ANCHORS);
    const isSame = before?.anchors.given === given && (before?.anchors.rows.length ?? 0) > 0;
    if (isSame && readAt - (before?.readAt ?? 0) < MARK_EVERY_MS) return;
    const known = before?.anchors.rows ?? [];
    const anchors = {
      rows: known.length > 0 ? known : rows.map(([row, id]): [string, string] => [row, id]),
      given,
    };
    const fresh: Mark = { of: before?.of ?? 0, anchors, readAt };
    await state.write([{ kind: "agent", name: "database", value: fresh }]);
    this.#mark = fresh;
  }
}

function gap(why: string, from: number | undefined, at: number): Outgoing {
  const said = { v: 1, seen: "gap", at, ...(from !== undefined && { from: Math.min(from, at) }), why };
  return { raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [] };
}
