import { createHmac } from "node:crypto";
import type { LinkHealth, Network } from "@daybook/contract";
import type { Pool } from "pg";

const MIGRATION = `
  DO $$ BEGIN IF to_regnamespace('capture') IS NULL THEN CREATE SCHEMA capture; END IF; END $$;
  CREATE TABLE IF NOT EXISTS capture.link (
    id uuid PRIMARY KEY,
    account bytea NOT NULL,
    linked_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    heard_until timestamptz,
    asked boolean NOT NULL,
    answered_at timestamptz
  );
  CREATE INDEX IF NOT EXISTS link_account ON capture.link (account);
`;

/** How often it is noted that a link still hears: what is known of the last time where an account's file is lost. */
const HEARD_MS = 60_000;

/** An account was linked again: is anything missing that was said between the two links? */
export interface LinkChange {
  /** Of this change: the same whenever it is noted. */
  readonly id: string;
  readonly linkedAt: Date;
  /** When the link before was last known to be up; undefined where nobody knows. */
  readonly heardUntil: Date | undefined;
}

interface Row {
  readonly id: string;
  readonly linked_at: Date;
  readonly heard_until: Date | null;
}

/**
 * Which links accounts have had, and which changes from one to the next somebody has yet to confirm. Accounts are known by
 * keyed digests; what was said of a change is a record of the account, not here.
 */
export class LinkChanges {
  readonly #pool: Pool;
  readonly #key: Uint8Array;
  #migrated: Promise<unknown> | undefined;
  /** By link: when it was last noted to be up. */
  readonly #noted = new Map<string, number>();

  /** @param key 32 bytes */
  constructor(pool: Pool, key: Uint8Array) {
    this.#pool = pool;
    this.#key = key;
  }

  /**
   * Notes how an account's link stands. Repeatable: a link is noted once, also by many processes.
   *
   * @param ask called with a change that waits for somebody, when this process sees it first; if it fails, it is called again
   */
  async note(
    network: Network,
    health: LinkHealth,
    now: Date,
    ask: (change: LinkChange) => Promise<void>,
  ): Promise<void> {
    const { link, status, account } = health;
    if (!link) return;
    const id = this.#idOf(network, account, link.since);
    const noted = this.#noted.get(id);
    if (noted !== undefined && (status !== "live" || now.getTime() - noted < HEARD_MS)) return;
    await this.#ready();
    const heardAt = status === "live" ? now : link.since;
    await this.#pool.query(
      `INSERT INTO capture.link (id, account, linked_at, heard_at, heard_until, asked)
       SELECT $1, $2, $3, $4, coalesce($5, before.heard_at), $5 IS NOT NULL OR before.heard_at IS NOT NULL
       FROM (SELECT max(heard_at) AS heard_at FROM capture.link WHERE account = $2 AND linked_at < $3) before
       ON CONFLICT (id) DO UPDATE SET heard_at = greatest(capture.link.heard_at, excluded.heard_at)`,
      [id, this.#account(network, account), link.since, heardAt, link.heardUntil ?? null],
    );
    const change = (await this.open(network, account)).find((one) => one.id === id);
    if (change && noted === undefined) await ask(change);
    this.#noted.set(id, now.getTime());
  }

  /** Changes of an account that nobody has confirmed, oldest first. */
  async open(network: Network, account: string): Promise<LinkChange[]> {
    await this.#ready();
    const { rows } = await this.#pool.query<Row>(
      `SELECT id, linked_at, heard_until FROM capture.link
       WHERE account = $1 AND asked AND answered_at IS NULL ORDER BY linked_at LIMIT 100`,
      [this.#account(network, account)],
    );
    return rows.map((row) => ({
      id: row.id,
      linkedAt: row.linked_at,
      heardUntil: row.heard_until ?? undefined,
    }));
  }

  /** @returns whether it was open until now */
  async close(id: string, at: Date): Promise<boolean> {
    await this.#ready();
    const { rowCount } = await this.#pool.query(
      "UPDATE capture.link SET answered_at = $2 WHERE id = $1 AND asked AND answered_at IS NULL",
      [id, at],
    );
    return rowCount === 1;
  }

  async #ready(): Promise<void> {
    this.#migrated ??= this.#pool.query(MIGRATION);
    try {
      await this.#migrated;
    } catch (error) {
      this.#migrated = undefined;
      throw error;
    }
  }

  #account(network: Network, account: string): Buffer {
    return this.#keyed(["account", network, account]);
  }

  /** A UUID (version 8, RFC 9562) that follows from the link, so that it is the same after PostgreSQL was lost. */
  #idOf(network: Network, account: string, linkedAt: Date): string {
    const bytes = this.#keyed(["link", network, account, linkedAt.toISOString()]).subarray(0, 16);
    bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6);
    bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  #keyed(parts: readonly string[]): Buffer {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify(["link-change", ...parts]))
      .digest();
  }
}
