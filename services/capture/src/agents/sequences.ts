import { AGENT_LIMITS } from "@daybook/contract";
import type { Pool, PoolClient } from "pg";
import { answeredElsewhere, newlyMissing } from "./missing.ts";
import { coverageSaid, said as saidSchema, type Said } from "./said.ts";
import {
  type AgentRow,
  agentRow,
  type BatchRow,
  batchRow,
  insertAgent,
  insertSaid,
  setState,
} from "./sequence-rows.ts";
import { SEQUENCE_SCHEMA } from "./sequence-schema.ts";

/** An interval that goes on is recorded so often, so that coverage is known to the hour. */
const RECORD_EVERY_MS = 3_600_000;
const MAX_SAID = 1_000;

/** A batch, by what is remembered of it. */
export interface Numbered {
  readonly agent: string;
  readonly number: number;
  /** SHA-256 of its body, 32 bytes. */
  readonly digest: Buffer;
  /** The highest number up to which the agent holds our answers: below `number`. */
  readonly answeredThrough: number;
}

/**
 * What a batch is by its number. `again`: it was taken before; `other`: under its number came other bytes; `stale`: too long
 * ago to be told; `ahead`: more are missing below it than can be late.
 */
export type Place = "new" | "again" | "other" | "stale" | "ahead";

/** `next` is free: above every number that was taken. */
export interface Placed {
  readonly place: Place;
  readonly next: number;
}

/** How an agent stands. */
export interface Sequence {
  readonly agent: string;
  readonly highest: number;
  readonly state: "live" | "down" | "ended";
  readonly heardAt: Date;
  /** Batches that never came while later ones did, and how many of them are no gap on record yet. */
  readonly missing: number;
  readonly untold: number;
}

/**
 * Which batches of each agent were taken, which are missing, and when it was heard: in the schema `capture`, without anything
 * that names anybody. What is to be recorded of that is written in the same transaction, and waits in `said` until it is.
 */
export class Sequences {
  readonly #pool: Pool;
  #migrated: Promise<unknown> | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** An agent begins: from now on its silence is noticed. Repeating it is harmless. */
  async begin(agent: string, at: Date): Promise<void> {
    await this.#locked(agent, (client) => insertAgent(client, agent, at));
  }

  /** What `take` would come to. */
  place(batch: Numbered): Promise<Placed> {
    return this.#locked(batch.agent, async (client) => {
      const row = await agentRow(client, batch.agent);
      return placeOf(row, await batchRow(client, batch), batch);
    });
  }

  /** Notes that everything of a batch is durable, where it is `new`. Durable once resolved. */
  take(batch: Numbered, at: Date): Promise<Placed> {
    const { agent, number, digest, answeredThrough } = batch;
    return this.#locked(agent, async (client) => {
      const before = await agentRow(client, agent);
      const known = await batchRow(client, batch);
      const place = placeOf(before, known, batch);
      if (place.place !== "new") return place;
      await insertAgent(client, agent, at);
      const highest = Number(before?.highest ?? 0);
      const say = [...(await answeredElsewhere(client, highest, batch))];
      const from = Math.max(highest, answeredThrough) + 1;
      if (from < number)
        await client.query(
          `INSERT INTO capture.agent_batch (agent, number, at) SELECT $1, n, $4 FROM generate_series($2::bigint, $3::bigint) n
           ON CONFLICT DO NOTHING`,
          [agent, from, number - 1, at],
        );
      await client.query(
        `INSERT INTO capture.agent_batch (agent, number, digest, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (agent, number) DO UPDATE SET digest = excluded.digest, at = excluded.at`,
        [agent, number, digest, at],
      );
      if (known?.told)
        say.push({
          kind: "notice",
          id: `late:${number}`,
          text: `Batch ${number} of the device's agent, which was recorded as missing, has come`,
        });
      if (before) say.push(...heard(before, at));
      await client.query(
        `UPDATE capture.agent SET highest = greatest(highest, $2), heard_at = greatest(heard_at, $3), state = 'live', since = $4
         WHERE id = $1`,
        [agent, number, at, before ? sinceWhenHeard(before, at) : at],
      );
      await client.query(
        "DELETE FROM capture.agent_batch WHERE agent = $1 AND number < $2 AND (told OR digest IS NOT NULL)",
        [agent, Math.max(highest, number) - AGENT_LIMITS.remembered],
      );
      await insertSaid(client, agent, say);
      return place;
    });
  }

  /** Notes what is to be said of an agent by now: that it is silent, that batches never came. Repeatable. */
  async look(
    agent: string,
    at: Date,
    { quietMs, missingMs }: { quietMs: number; missingMs: number },
  ): Promise<void> {
    await this.#locked(agent, async (client) => {
      const row = await agentRow(client, agent);
      if (!row || row.state === "ended") return;
      await insertSaid(client, agent, await newlyMissing(client, agent, new Date(at.getTime() - missingMs)));
      if (row.state === "live" && at.getTime() - row.heard_at.getTime() > quietMs) {
        await insertSaid(client, agent, [
          ...coverageSaid("live", row.since, row.heard_at),
          {
            kind: "gap",
            id: `quiet:${row.heard_at.toISOString()}`,
            gap: {
              from: row.heard_at.toISOString(),
              why: `The device's agent has said nothing for ${Math.round(quietMs / 3_600_000)} hours: what happens on the device is not seen until it does`,
              about: "agent",
            },
          },
        ]);
        await setState(client, agent, "down", row.heard_at);
      } else if (row.state === "down" && at.getTime() - row.since.getTime() >= RECORD_EVERY_MS) {
        await insertSaid(client, agent, coverageSaid("down", row.since, at));
        await setState(client, agent, "down", at);
      }
    });
  }

  /** Nothing is taken of the agent any more: its coverage ends with when it was heard last. Repeatable. */
  async end(agent: string, at: Date): Promise<void> {
    await this.#locked(agent, async (client) => {
      const row = await agentRow(client, agent);
      if (!row || row.state === "ended") return;
      await insertSaid(client, agent, [
        ...(await newlyMissing(client, agent, at)),
        ...coverageSaid(row.state, row.since, row.state === "live" ? row.heard_at : at),
      ]);
      await setState(client, agent, "ended", at);
    });
  }

  /** What waits to be recorded, oldest first. */
  async waiting(): Promise<{ n: string; agent: string; said: Said }[]> {
    await this.#ready();
    const { rows } = await this.#pool.query<{ n: string; agent: string; said: unknown }>(
      `SELECT n, agent, said FROM capture.agent_said ORDER BY n LIMIT ${MAX_SAID}`,
    );
    return rows.map((row) => ({ ...row, said: saidSchema.parse(row.said) }));
  }

  /** What is recorded waits no more. */
  async recorded(ns: readonly string[]): Promise<void> {
    await this.#ready();
    await this.#pool.query("DELETE FROM capture.agent_said WHERE n = ANY($1::bigint[])", [ns]);
  }

  /** Every agent that was heard of. */
  async all(): Promise<Sequence[]> {
    await this.#ready();
    const { rows } = await this.#pool.query<AgentRow & { id: string; missing: number; untold: number }>(
      `SELECT a.id, a.highest, a.state, a.since, a.heard_at, coalesce(b.missing, 0) AS missing, coalesce(b.untold, 0) AS untold
       FROM capture.agent a LEFT JOIN (
         SELECT agent, count(*)::int AS missing, count(*) FILTER (WHERE NOT told)::int AS untold
         FROM capture.agent_batch WHERE digest IS NULL GROUP BY agent
       ) b ON b.agent = a.id`,
    );
    return rows.map(({ id, highest, state, heard_at: heardAt, missing, untold }) => ({
      agent: id,
      highest: Number(highest),
      state,
      heardAt,
      missing,
      untold,
    }));
  }

  /** In one transaction, while nothing else of this agent is looked at, by this process or another. */
  async #locked<T>(agent: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    await this.#ready();
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('capture.agent ' || $1, 0))", [
        agent,
      ]);
      const result = await work(client);
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      // A connection in doubt is no connection any more.
      client.release(true);
      throw error;
    }
  }

  async #ready(): Promise<void> {
    this.#migrated ??= this.#pool.query(SEQUENCE_SCHEMA);
    try {
      await this.#migrated;
    } catch (error) {
      this.#migrated = undefined;
      throw error;
    }
  }
}

function placeOf(row: AgentRow | undefined, known: BatchRow | undefined, batch: Numbered): Placed {
  const highest = Number(row?.highest ?? 0);
  const next = highest + 1;
  if (known) {
    if (known.digest === null) return { place: "new", next };
    return { place: known.digest.equals(batch.digest) ? "again" : "other", next };
  }
  if (batch.number <= highest) return { place: "stale", next };
  const missing = batch.number - 1 - Math.max(highest, batch.answeredThrough);
  return { place: missing > AGENT_LIMITS.missing ? "ahead" : "new", next };
}

/** What hearing an agent says of the time before. */
function heard({ state, since }: AgentRow, at: Date): Said[] {
  if (state === "down") return coverageSaid("down", since, at);
  const isDue = state === "live" && at.getTime() - since.getTime() >= RECORD_EVERY_MS;
  return isDue ? coverageSaid("live", since, at) : [];
}

function sinceWhenHeard({ state, since }: AgentRow, at: Date): Date {
  return state !== "live" || at.getTime() - since.getTime() >= RECORD_EVERY_MS ? at : since;
}
