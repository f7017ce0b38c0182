import { createHash, randomInt, randomUUID } from "node:crypto";
import type { Network, Party } from "@daybook/contract";
import type { Accounts } from "../accounts.ts";
import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Changes, Decision } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import type { Devices } from "../posts/devices.ts";
import type { Registry } from "../registry.ts";

/** What on a device hands over what an account sees. */
export interface Agent {
  readonly id: string;
  readonly kind: string;
  readonly account: string;
  readonly custodian: string;
  readonly device: string;
  readonly offeredAt: string;
  /** Until when its code can be used. */
  readonly expiresAt: string;
  readonly enrolledAt: string | null;
  readonly revokedAt: string | null;
}

/** An agent as capture needs it. */
export interface KnownAgent {
  readonly id: string;
  readonly kind: string;
  /** SubjectPublicKeyInfo, DER, base64. */
  readonly key: string;
  /** What it hands over is taken while it is `enrolled`; `moved`: its account is not its custodian's any more. */
  readonly standing: "enrolled" | "revoked" | "moved";
  /** As its network names it. */
  readonly account: string;
  /** Whose it was when the agent was offered. */
  readonly custodian: Party;
}

export interface Offer {
  readonly kind: string;
  readonly network: Network;
  /** The account as its network names it. */
  readonly identifier: string;
  /** Name or id. */
  readonly custodian: string;
  readonly device: string;
  readonly reason: string;
}

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly account: string;
  readonly custodian: string;
  readonly device: string;
  readonly expires_at: Date;
  readonly offered_by: string;
  readonly offered_at: Date;
  readonly key: Buffer | null;
  readonly enrolled_at: Date | null;
  readonly revoked_at: Date | null;
}

interface KnownRow extends Pick<Row, "id" | "kind" | "account" | "custodian" | "revoked_at"> {
  readonly key: Buffer;
  readonly identifier: Buffer;
  readonly name: Buffer;
  readonly theirs: boolean;
}

const CODE_MS = 24 * 3_600_000;
/** Crockford's: what is read aloud and typed is not mistaken. */
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS = 20;
const COLUMNS =
  "id, kind, account, custodian, device, expires_at, offered_by, offered_at, key, enrolled_at, revoked_at";
const SELECT = `SELECT ${COLUMNS} FROM records.agent`;
const LISTED = `SELECT ${COLUMNS} FROM (SELECT * FROM records.agent WHERE $1::uuid IS NULL OR device = $1) agent`;
const OLDEST_FIRST: Order<Row> = {
  list: "agents",
  newestFirst: false,
  columns: [
    { sql: "offered_at", type: "timestamptz", of: (row) => row.offered_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/** Agents on devices: each is offered to a device once, by a code, and is a key from then on. */
export class Agents {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #registry: Registry;
  readonly #accounts: Accounts;
  readonly #devices: Devices;
  readonly #now: () => Date;

  constructor(of: {
    database: Database;
    changes: Changes;
    cells: Cells;
    registry: Registry;
    accounts: Accounts;
    devices: Devices;
    now: () => Date;
  }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#registry = of.registry;
    this.#accounts = of.accounts;
    this.#devices = of.devices;
    this.#now = of.now;
  }

  /** In the order they were offered. @param device those of one device alone */
  async list({ device, ...request }: PageRequest & { device?: string | undefined }): Promise<Page<Agent>> {
    const { entries, next } = await readPage(this.#database, LISTED, OLDEST_FIRST, request, [device ?? null]);
    return { entries: entries.map(shown), next };
  }

  /** @throws {RecordsError} `not-found` */
  async get(id: string): Promise<Agent> {
    return shown(await this.#require(this.#database, id));
  }

  /**
   * Offers a device an enrolment. The account is made where there is none.
   *
   * @returns the code, which is told this once and kept nowhere
   * @throws {RecordsError} `not-found` for the device; `no-such-custodian`, `ambiguous-custodian`; `conflict`: the account
   * is another's
   */
  async offer(of: Offer, actor: string): Promise<{ id: string; code: string; expiresAt: string }> {
    const { kind, network, identifier, device, reason } = of;
    await this.#devices.get(device);
    const { id: custodian } = await this.#registry.find(of.custodian);
    const account = await this.#accounts.resolve(
      { custodian, network, method: "device-agent", identifier },
      actor,
    );
    const [id, code] = [randomUUID(), newCode()];
    const expiresAt = new Date(this.#now().getTime() + CODE_MS).toISOString();
    const detail = {
      ...{ id, kind, custodian, device, expiresAt, reason },
      account: account.id,
      code: digestOf(code),
    };
    const fact = { action: "agent.offer", detail } as const;
    await this.#changes.make(actor, () => Promise.resolve({ fact, result: undefined }));
    return { id, code, expiresAt };
  }

  /**
   * Makes whoever shows the code the agent. Repeating it with the same key is harmless, also after the code's time. That its
   * account is on the device from then on is in the register too.
   *
   * @param key SubjectPublicKeyInfo, DER, of which capture has seen a signature
   * @throws {RecordsError} `not-found` for a code that is none, was used by another key, or is over; `conflict`: the key is
   * another agent's
   */
  async enrol(code: string, key: Buffer): Promise<Agent> {
    const row = await this.#changes.make("agent", async (tx): Promise<Decision<Row>> => {
      const [found] = await tx.query<Row>(`${SELECT} WHERE code = $1`, [
        Buffer.from(digestOf(normal(code)), "hex"),
      ]);
      const isAgain = found?.key?.equals(key) === true;
      const isOpen = found?.key === null && found.expires_at > this.#now();
      if (!found || found.revoked_at || !(isAgain || isOpen))
        throw new RecordsError("not-found", "that code is none, was used, or is over: ask for another");
      if (isAgain) return { result: found };
      const [taken] = await tx.query("SELECT FROM records.agent WHERE key = $1", [key]);
      if (taken) throw new RecordsError("conflict", "that key is another agent's: make one for this agent");
      const detail = { id: found.id, key: key.toString("base64") };
      return { fact: { action: "agent.enrol", detail }, result: found };
    });
    const { enrolled_at: enrolledAt } = await this.#require(this.#database, row.id);
    const from = (enrolledAt ?? this.#now()).toISOString();
    await this.#noteUse(row, from);
    return shown({ ...row, enrolled_at: enrolledAt });
  }

  /** From now on nothing is taken of it. Repeating it is harmless. @throws {RecordsError} `not-found` */
  async revoke(id: string, reason: string, actor: string, custodians?: readonly string[]): Promise<void> {
    await this.#changes.make(actor, async (tx): Promise<Decision<undefined>> => {
      const { custodian, revoked_at: revokedAt } = await this.#require(tx, id);
      // Whether there is one that is another's is nobody's business.
      if (custodians && !custodians.includes(custodian)) throw noAgent();
      if (revokedAt) return { result: undefined };
      return { fact: { action: "agent.revoke", detail: { id, reason } }, result: undefined };
    });
  }

  /** The agents that have ever enrolled, as they stand now: no more than 20,000. */
  async known(): Promise<KnownAgent[]> {
    const rows = await this.#database.query<KnownRow>(
      `SELECT a.id, a.kind, a.account, a.key, a.revoked_at, c.identifier, a.custodian, p.name,
         EXISTS (SELECT FROM records.account_link l
           WHERE l.account = a.account AND l.custodian = a.custodian AND l.valid @> $1::timestamptz) AS theirs
       FROM records.agent a JOIN records.account c ON c.id = a.account JOIN records.custodian p ON p.id = a.custodian
       WHERE a.key IS NOT NULL AND c.identifier IS NOT NULL ORDER BY a.offered_at DESC, a.id LIMIT 20000`,
      [this.#now().toISOString()],
    );
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      key: row.key.toString("base64"),
      standing: row.revoked_at ? "revoked" : row.theirs ? "enrolled" : "moved",
      account: this.#cells.open(PLACES.identifier(row.account), row.identifier),
      custodian: {
        id: row.custodian,
        name: this.#cells.open(PLACES.custodian(row.custodian), row.name),
      },
    }));
  }

  /** In the register; an account that is nobody's any more is on no device. */
  async #noteUse({ device, account, offered_by: actor }: Row, from: string): Promise<void> {
    try {
      await this.#devices.use(device, account, { from, to: null }, "its agent enrolled", actor);
    } catch (error) {
      if (!(error instanceof RecordsError) || error.code !== "conflict") throw error;
    }
  }

  async #require(tx: Pick<Tx, "query">, id: string): Promise<Row> {
    const [row] = await tx.query<Row>(`${SELECT} WHERE id = $1`, [id]);
    if (!row) throw noAgent();
    return row;
  }
}

function shown(row: Row): Agent {
  return {
    id: row.id,
    kind: row.kind,
    account: row.account,
    custodian: row.custodian,
    device: row.device,
    offeredAt: row.offered_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    enrolledAt: row.enrolled_at && row.enrolled_at.toISOString(),
    revokedAt: row.revoked_at && row.revoked_at.toISOString(),
  };
}

function noAgent(): RecordsError {
  return new RecordsError("not-found", "there is no such agent");
}

/** 100 random bits, in fives. */
function newCode(): string {
  const letters = Array.from({ length: CODE_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return (letters.match(/.{5}/g) ?? []).join("-");
}

/** As it was made, however it was typed. */
function normal(code: string): string {
  const letters = code.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return (letters.match(/.{1,5}/g) ?? []).join("-");
}

function digestOf(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}
