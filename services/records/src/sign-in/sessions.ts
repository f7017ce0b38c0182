import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger, Principal, Role } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { AuditTrail } from "../trail.ts";
import type { SignInLimits } from "./options.ts";
import { signInPlaces } from "./places.ts";
import { hashOf, newSecret } from "./secrets.ts";

const SESSION = /^dbss_[A-Za-z0-9_-]{43}$/;

/** How somebody signed in. */
export type How = "passkey" | "directory" | "trial";
/** Why a session is over. */
export type Why =
  "signed-out" | "everywhere" | "person-ended" | "refused" | "idle" | "age" | "directory-not-asked";

/** What a browser gets for a sign-in. */
export interface Session {
  /** Told once, here. */
  readonly token: string;
  readonly person: { readonly id: string; readonly name: string; readonly roles: readonly Role[] };
  readonly endsAt: string;
}

export interface SessionEntry {
  readonly id: string;
  readonly how: How;
  readonly startedAt: string;
  readonly seenAt: string;
  /** At the latest. */
  readonly endsAt: string;
}

interface SessionRow {
  readonly id: string;
  readonly person: string;
  readonly how: How;
  readonly started_at: Date;
  readonly seen_at: Date;
  readonly told_at: Date;
}

interface PersonRow {
  readonly name: Buffer;
  readonly roles: Role[];
  readonly custodians: string[];
}

/** How often it is written that a session was used: more often would be a write for each request. */
const SEEN_EVERY_MS = 60_000;
const SWEEP_MS = 5 * 60_000;

/** Begins the condition that the directory spoke of the person lately, where a session depends on it. */
const TOLD = "(s.how <> 'directory' OR coalesce(s.told_at, s.started_at) >";

export interface SessionsOptions {
  readonly database: Database;
  readonly cells: Cells;
  readonly trail: AuditTrail;
  readonly limits: SignInLimits;
  readonly log: Logger;
  readonly now: () => Date;
}

/**
 * Sessions of people who signed in. Their beginnings and ends are audit events, durable first; the sessions themselves
 * are in PostgreSQL alone: who loses it signs in again. Rights are the person's own, as they are at each request; those
 * that a directory gives are good for as long as it was asked lately, in this session.
 */
export class Sessions {
  readonly #of: SessionsOptions;

  constructor(of: SessionsOptions) {
    this.#of = of;
  }

  /** A new session, under a token that nobody had before. @throws {RecordsError} `sign-in-refused`: not a person any more */
  async start(person: string, how: How): Promise<Session> {
    const { database, cells, trail, limits, now } = this.#of;
    const [row] = await database.query<PersonRow>(
      "SELECT name, roles, custodians FROM records.person WHERE id = $1 AND roles IS NOT NULL AND ended_at IS NULL",
      [person],
    );
    if (!row)
      throw new RecordsError("sign-in-refused", "you are no longer a user here: ask an administrator");
    const id = randomUUID();
    const token = `dbss_${newSecret()}`;
    await trail.record({
      actor: person,
      action: "session.start",
      subject: person,
      detail: { session: id, how },
    });
    const at = now();
    await database.query(
      `INSERT INTO records.session (id, hash, person, how, started_at, seen_at, told_at, confirmed_at)
       VALUES ($1, $2, $3, $4, $5, $5, $5, CASE WHEN $4 = 'directory' THEN NULL ELSE $5::timestamptz END)`,
      [id, hashOf(token), person, how, at.toISOString()],
    );
    return {
      token,
      person: { id: person, name: cells.open(signInPlaces.person(person), row.name), roles: row.roles },
      endsAt: new Date(at.getTime() + limits.absoluteMs).toISOString(),
    };
  }

  /** Whose session a token is; undefined for one that is none, or is over. */
  async authenticate(bearer: string): Promise<Principal | undefined> {
    if (!SESSION.test(bearer)) return undefined;
    const { database, cells, now } = this.#of;
    const [row] = await database.query<SessionRow & PersonRow>(
      `SELECT s.id, s.person, s.how, s.seen_at, coalesce(s.told_at, s.started_at) AS told_at,
         p.name, p.roles, p.custodians
       FROM records.session s JOIN records.person p ON p.id = s.person
       WHERE s.hash = $1 AND s.started_at > $2 AND s.seen_at > $3 AND ${TOLD} $4)
         AND p.roles IS NOT NULL AND p.ended_at IS NULL AND s.started_at >= p.added_at`,
      [hashOf(bearer), ...this.#oldest()],
      "records-session",
    );
    if (!row) return undefined;
    if (now().getTime() - row.seen_at.getTime() >= this.#seenEveryMs) {
      await database.query("UPDATE records.session SET seen_at = $2 WHERE id = $1", [
        row.id,
        now().toISOString(),
      ]);
    }
    const { person: id, roles, custodians } = row;
    const name = cells.open(signInPlaces.person(id), row.name);
    const renew = row.how === "directory" && now().getTime() - row.told_at.getTime() >= this.#renewMs;
    return { id, name, kind: "person", roles, custodians, session: row.id, ...(renew && { renew }) };
  }

  /** Those that are not over, newest first. */
  async of(person: string): Promise<SessionEntry[]> {
    const rows = await this.#of.database.query<SessionRow>(
      `SELECT id, how, started_at, seen_at FROM records.session s
       WHERE person = $1 AND started_at > $2 AND seen_at > $3 AND ${TOLD} $4) ORDER BY started_at DESC, id LIMIT 100`,
      [person, ...this.#oldest()],
    );
    return rows.map((row) => ({
      id: row.id,
      how: row.how,
      startedAt: row.started_at.toISOString(),
      seenAt: row.seen_at.toISOString(),
      endsAt: new Date(row.started_at.getTime() + this.#of.limits.absoluteMs).toISOString(),
    }));
  }

  /** Ends one of a person's own. @throws {RecordsError} `not-found` */
  async end(id: string, person: string, why: Why): Promise<void> {
    const ended = await this.#end("id = $1 AND person = $2", [id, person], { actor: person, why });
    if (ended === 0) throw new RecordsError("not-found", "that session is over");
  }

  /** Ends all of a person's. @returns how many there were */
  endAll(person: string, actor: string, why: Why): Promise<number> {
    return this.#end("person = $1", [person], { actor, why });
  }

  /** Takes away what is over, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.sweep().catch((err: unknown) => {
        if ((err as { retryable?: unknown }).retryable !== true) throw err;
        this.#of.log.warn({ err }, "sessions that are over could not be taken away yet");
      });
      await sleep(SWEEP_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Takes away what is over by now. */
  async sweep(): Promise<void> {
    const [started, seen, told] = this.#oldest();
    await this.#end("started_at <= $1", [started], { actor: "daybook", why: "age" });
    await this.#end("seen_at <= $1", [seen], { actor: "daybook", why: "idle" });
    await this.#end("how = 'directory' AND coalesce(told_at, started_at) <= $1", [told], {
      actor: "daybook",
      why: "directory-not-asked",
    });
  }

  /** They stop working before it is told: what cannot be recorded must not keep a session alive. */
  async #end(which: string, values: unknown[], { actor, why }: { actor: string; why: Why }): Promise<number> {
    const { database, trail } = this.#of;
    const ended = await database.query<SessionRow>(
      `DELETE FROM records.session WHERE ${which} RETURNING id, person`,
      values,
    );
    for (const { id, person } of ended) {
      await trail.record({ actor, action: "session.end", subject: person, detail: { session: id, why } });
    }
    return ended.length;
  }

  /** What started, was used last, or was last spoken of by the directory, at these or before is over. */
  #oldest(): [started: string, seen: string, told: string] {
    const { limits, now } = this.#of;
    const before = (ms: number) => new Date(now().getTime() - ms).toISOString();
    return [before(limits.absoluteMs), before(limits.idleMs), before(limits.directoryMs)];
  }

  /** Halfway, so that nobody who is at work finds their session over. */
  get #renewMs(): number {
    return this.#of.limits.directoryMs / 2;
  }

  get #seenEveryMs(): number {
    return Math.min(SEEN_EVERY_MS, this.#of.limits.idleMs / 4);
  }
}
