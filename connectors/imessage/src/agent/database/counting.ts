import { setImmediate as turn } from "node:timers/promises";
import type { Log } from "@daybook/keeping";
import { z } from "zod";
import type { AgentState } from "../spool/agent-state.ts";
import type { AnsweredRows } from "../spool/answered-rows.ts";
import type { Outbox, Saying } from "../spool/outbox.ts";
import type { LiveDatabase } from "./live-database.ts";
import type { ReadRow } from "./seen-rows.ts";

const EVERY_MS = 3_600_000;
/** Rows that are counted before anything else has its turn. */
const AT_ONCE = 16_384;
/** ROWIDs of a range in what is said, and how many ranges and rows are named. */
const RANGE = 1_000n;
const MOST_RANGES = 1_000;
const MOST_NAMED = 1_000;
/** Rows that are handed over again after one count. */
const MOST_AGAIN = 10_000;
const READ_AT_ONCE = 500;

/** Milliseconds since 1970, of the Mac's clock. */
const agreedAt = z.int();

export interface CountingDeps {
  readonly state: AgentState;
  readonly outbox: Outbox;
  readonly answered: AnsweredRows;
  readonly saying: (waiting: number) => Saying;
  readonly onProblem: (problem: string | undefined) => void;
  readonly now: () => Date;
  readonly log: Log;
}

/** Which rows are counted. */
export interface Counted {
  readonly of: number;
  /** All up to it were taken. */
  readonly through: bigint;
  /** But for these. */
  readonly held: ReadonlyMap<bigint, unknown>;
}

interface Range {
  there: number;
  answered: number;
}

/**
 * Counts the rows of the database, by ROWID, against those that the server has answered as durable, once an hour, when nothing
 * waits for an answer. What is missing is said, with the counts, and is handed over again.
 */
export class Counting {
  readonly #deps: CountingDeps;
  #countedAt: number | undefined;

  constructor(deps: CountingDeps) {
    this.#deps = deps;
  }

  /**
   * Counts, if it is time.
   *
   * @returns rows that have to be taken again; that they were handed over once is forgotten, durably
   * @throws {ConnectorError} `store-unavailable`, retryable: nothing is said, and nothing forgotten
   */
  async look(db: LiveDatabase, rows: Counted, signal: AbortSignal): Promise<readonly bigint[]> {
    const { state, outbox, onProblem, now, log } = this.#deps;
    const at = now().getTime();
    const isDue = this.#countedAt === undefined || Math.abs(at - this.#countedAt) >= EVERY_MS;
    if (!isDue || rows.through === 0n || outbox.waiting > 0) return [];
    const { ranges, missing } = await this.#count(db, rows, signal);
    if (signal.aborted) return [];
    if (missing.length > 0) await this.#say(db, rows, { ranges, missing, at });
    else {
      await state.write([{ kind: "agent", name: "counted", value: at }]);
      log.info({}, "rows of the database were counted: the server has all of them");
    }
    this.#countedAt = at;
    onProblem(missing.length > 0 ? "rows-missing" : undefined);
    return missing.slice(0, MOST_AGAIN);
  }

  async #count(
    db: LiveDatabase,
    { of, through, held }: Counted,
    signal: AbortSignal,
  ): Promise<{ ranges: Map<bigint, Range>; missing: bigint[] }> {
    const ranges = new Map<bigint, Range>();
    const missing: bigint[] = [];
    for (let after = 0n; !signal.aborted;) {
      const some = db.after(after, { through, most: AT_ONCE });
      for (const rowid of some) {
        if (held.has(rowid)) continue;
        const range = ranges.get(rowid / RANGE) ?? { there: 0, answered: 0 };
        ranges.set(rowid / RANGE, range);
        range.there += 1;
        if (this.#deps.answered.has({ of, rowid })) range.answered += 1;
        else missing.push(rowid);
      }
      const last = some.at(-1);
      if (last === undefined) break;
      after = last;
      await turn();
    }
    return { ranges, missing };
  }

  async #say(
    db: LiveDatabase,
    { through }: Counted,
    { ranges, missing, at }: { ranges: ReadonlyMap<bigint, Range>; missing: readonly bigint[]; at: number },
  ): Promise<void> {
    const { state, outbox, saying, log } = this.#deps;
    const from = agreedAt.safeParse(state.get("agent", "counted")).data;
    const differing = [...ranges].filter(([, { there, answered }]) => there !== answered);
    const said = {
      v: 1,
      seen: "count",
      at,
      ...(from !== undefined && { from: Math.min(from, at) }),
      through: String(through),
      there: [...ranges.values()].reduce((sum, { there }) => sum + there, 0),
      missing: missing.length,
      ranges: differing
        .slice(0, MOST_RANGES)
        .map(([n, { there, answered }]) => ({ from: String(n * RANGE), there, answered })),
      rows: missing.slice(0, MOST_NAMED).map(String),
    };
    const changes = guidsOf(db, missing.slice(0, MOST_AGAIN)).map((name) => ({
      kind: "row" as const,
      name,
      value: undefined,
    }));
    log.error({ rows: missing.length }, "rows of the database were never answered: they go again");
    await outbox.add(
      [{ raw: Buffer.from(JSON.stringify(said)), parts: [], changes }],
      saying(missing.length),
    );
  }
}

function guidsOf(db: LiveDatabase, rowids: readonly bigint[]): string[] {
  const rows: ReadRow[] = [];
  for (let i = 0; i < rowids.length; i += READ_AT_ONCE)
    rows.push(...db.read(rowids.slice(i, i + READ_AT_ONCE)));
  return rows.map(({ guid }) => guid);
}
