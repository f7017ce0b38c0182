import { createHmac } from "node:crypto";
import { relayFailure, type RelayFailure, type RelayOutcome } from "@daybook/contract";
import type { Pool } from "pg";
import { GatewayError } from "./error.ts";

const KEPT_DAYS = 90;
const DAY_MS = 86_400_000;

const MIGRATION = `
  -- Whether it exists PostgreSQL asks only after the right to make one, which a login may well lack.
  DO $$ BEGIN IF to_regnamespace('gateway') IS NULL THEN CREATE SCHEMA gateway; END IF; END $$;
  CREATE TABLE IF NOT EXISTS gateway.message (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL,
    account uuid NOT NULL,
    custodian uuid NOT NULL,
    state text NOT NULL,
    code text,
    why text,
    requested_at timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    answered_at timestamptz(3)
  );
  CREATE INDEX IF NOT EXISTS message_account ON gateway.message (account, requested_at);
`;

/** A message as the gateway remembers it: what it says is on its way, and in the archive, alone. */
export interface KnownMessage {
  readonly id: string;
  readonly account: string;
  readonly custodian: string;
  /** `asked` until it is on the stream. */
  readonly state: "asked" | "queued" | "sent" | "failed";
  readonly code: RelayFailure | null;
  readonly why: string | null;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
}

interface Row extends Omit<KnownMessage, "requestedAt" | "expiresAt" | "code"> {
  readonly digest: Buffer;
  readonly code: string | null;
  readonly requested_at: Date;
  readonly expires_at: Date;
}

/** Messages that were asked for, for 90 days: what became of them. The records of them are the truth. */
export class Messages {
  readonly #pool: Pool;
  readonly #key: Uint8Array;
  #migrated: Promise<unknown> | undefined;

  /** @param key 32 bytes: blinds what a message says, so that the database tells no guess */
  constructor(pool: Pool, key: Uint8Array) {
    this.#pool = pool;
    this.#key = key;
  }

  /** Forgets what is older than 90 days. @throws {GatewayError} `unavailable` */
  async forgetOld(now: Date): Promise<void> {
    const before = new Date(now.getTime() - KEPT_DAYS * DAY_MS);
    await this.#query("DELETE FROM gateway.message WHERE requested_at < $1", [before]);
  }

  /**
   * Remembers a message, once.
   *
   * @param request everything that makes it this message and no other
   * @returns as it is known, from now or from before
   * @throws {GatewayError} `conflict` when the id stands for another; `unavailable`
   */
  async add(
    message: Pick<KnownMessage, "id" | "account" | "custodian" | "requestedAt" | "expiresAt">,
    request: readonly string[],
  ): Promise<KnownMessage> {
    const digest = createHmac("sha256", this.#key).update(JSON.stringify(request)).digest();
    await this.#query(
      `INSERT INTO gateway.message (id, digest, account, custodian, state, requested_at, expires_at)
       VALUES ($1, $2, $3, $4, 'asked', $5, $6) ON CONFLICT DO NOTHING`,
      [message.id, digest, message.account, message.custodian, message.requestedAt, message.expiresAt],
    );
    const [row] = await this.#rows(message.id);
    if (!row?.digest.equals(digest)) throw new GatewayError("conflict", "that id stands for another message");
    return known(row);
  }

  async find(id: string): Promise<KnownMessage | undefined> {
    const [row] = await this.#rows(id);
    return row && known(row);
  }

  /** How many others an account was asked to send since. */
  async recent(account: string, except: string, since: Date): Promise<number> {
    const [row] = await this.#query<{ count: string }>(
      "SELECT count(*) FROM gateway.message WHERE account = $1 AND id <> $2 AND requested_at > $3",
      [account, except, since],
    );
    return Number(row?.count ?? 0);
  }

  /** It is on the stream. */
  async queued(id: string): Promise<void> {
    await this.#query("UPDATE gateway.message SET state = 'queued' WHERE id = $1 AND state = 'asked'", [id]);
  }

  /** What became of it; the first answer stands. Repeating it is harmless, and so is one to a message that is not known. */
  async answered(id: string, outcome: RelayOutcome, at: Date): Promise<void> {
    const code = outcome.state === "failed" ? outcome.code : null;
    const { why = null } = outcome;
    await this.#query(
      `UPDATE gateway.message SET state = $2, code = $3, why = $4, answered_at = $5
       WHERE id = $1 AND state IN ('asked', 'queued')`,
      [id, outcome.state, code, why, at],
    );
  }

  /** Forgets one that a policy refused. */
  async forget(id: string): Promise<void> {
    await this.#query("DELETE FROM gateway.message WHERE id = $1 AND state = 'asked'", [id]);
  }

  #rows(id: string): Promise<Row[]> {
    return this.#query<Row>(
      `SELECT id, digest, account, custodian, state, code, why, requested_at, expires_at
       FROM gateway.message WHERE id = $1`,
      [id],
    );
  }

  async #query<R extends object>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    try {
      this.#migrated ??= this.#pool.query(MIGRATION);
      await this.#migrated;
    } catch (cause) {
      this.#migrated = undefined;
      throw unavailable(cause);
    }
    try {
      return (await this.#pool.query<R>(text, [...values])).rows;
    } catch (cause) {
      throw unavailable(cause);
    }
  }
}

function known({
  digest: _,
  requested_at: requestedAt,
  expires_at: expiresAt,
  code,
  ...row
}: Row): KnownMessage {
  return { ...row, requestedAt, expiresAt, code: code === null ? null : relayFailure.parse(code) };
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError("unavailable", "the database does not answer: ask again, with the same id", {
    cause,
  });
}
