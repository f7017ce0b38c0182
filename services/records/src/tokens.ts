import type { Authenticator, Principal, Role } from "@daybook/runtime";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { PLACES } from "./apply.ts";
import { type Cells, foldName } from "./cells.ts";
import type { Changes } from "./changes.ts";
import type { Database, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { type Order, type Page, type PageRequest, readPage } from "./paging.ts";
import { requireNoPair } from "./sign-in/pairs.ts";

const TOKEN = /^dbk_[A-Za-z0-9_-]{43}$/;

/** A token as it is listed: never the token itself, which is kept nowhere. */
export interface TokenEntry {
  readonly id: string;
  readonly person: string;
  readonly name: string;
  readonly kind: "person" | "machine";
  readonly roles: readonly Role[];
  /** Ids of the custodians for whom its bearer may speak. */
  readonly custodians: readonly string[];
  readonly addedAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface NewToken {
  readonly name: string;
  readonly kind: "person" | "machine";
  readonly roles: readonly Role[];
  /** Ids of the custodians for whom its bearer may speak; none, unless given. */
  readonly custodians?: readonly string[];
  /** ISO; null for one that ends only by revocation. */
  readonly expiresAt: string | null;
}

interface TokenRow {
  readonly id: string;
  readonly person: string;
  readonly name: Buffer;
  readonly kind: "person" | "machine";
  readonly roles: Role[];
  readonly custodians: string[];
  readonly added_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
}

const COLUMNS =
  "t.id, t.person, p.name, p.kind, t.roles, t.custodians, t.added_at, t.expires_at, t.revoked_at";
const OLDEST_FIRST: Order<TokenRow> = {
  list: "tokens",
  newestFirst: false,
  columns: [
    { sql: "t.added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "t.id", type: "uuid", of: (row) => row.id },
  ],
};

/** Bearer tokens of people and machines. Two tokens of one name are one person's: approvals count persons. */
export class Tokens implements Authenticator {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #now: () => Date;

  constructor(options: { database: Database; changes: Changes; cells: Cells; now: () => Date }) {
    this.#database = options.database;
    this.#changes = options.changes;
    this.#cells = options.cells;
    this.#now = options.now;
  }

  async authenticate(bearer: string): Promise<Principal | undefined> {
    if (!TOKEN.test(bearer)) return undefined;
    const [row] = await this.#database.query<TokenRow>(
      `SELECT ${COLUMNS} FROM records.token t JOIN records.person p ON p.id = t.person
       WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)`,
      [hashOf(bearer), this.#now().toISOString()],
      "records-authenticate",
    );
    if (!row) return undefined;
    const { person: id, kind, roles, custodians } = row;
    return { id, name: this.#name(row), kind, roles, custodians };
  }

  /**
   * Makes a token. It is told once, here.
   *
   * @throws {RecordsError} `bad-request`; `conflict`; `no-such-custodian`; `forbidden-pair`, with what the person may do
   */
  add(of: NewToken, actor: string): Promise<{ id: string; person: string; token: string }> {
    return this.#add(of, actor, newToken(), requireNoPair);
  }

  #add(
    of: NewToken,
    actor: string,
    token: string,
    requireFit: (roles: readonly Role[]) => void,
  ): Promise<{ id: string; person: string; token: string }> {
    if (foldName(of.name) === "") throw new RecordsError("bad-request", "a token is somebody's: give a name");
    return this.#changes.make(actor, async (tx) => {
      const id = randomUUID();
      const custodians = await this.#custodians(tx, of.custodians ?? []);
      const person = (await this.#personNamed(tx, of, requireFit)) ?? randomUUID();
      return {
        fact: {
          action: "token.add",
          detail: {
            id,
            hash: hashOf(token).toString("hex"),
            person: { id: person, name: of.name.trim(), kind: of.kind },
            roles: [...of.roles],
            ...(custodians.length > 0 && { custodians }),
            expiresAt: of.expiresAt,
          },
        },
        result: { id, person, token },
      };
    });
  }

  /**
   * Sees to it that a token is kept where `place` says and works. A new one is written before it works, so that
   * after a crash in between there is no token that nobody has.
   */
  async ensure(
    of: NewToken,
    place: { read(): Promise<string | undefined>; write(token: string): Promise<void> },
    actor: string,
  ): Promise<void> {
    const kept = await place.read();
    if (kept !== undefined && (await this.authenticate(kept))) return;
    const token = newToken();
    await place.write(token);
    // The owner of a machine has all of its powers anyhow, whoever else they are here.
    await this.#add(of, actor, token, () => undefined);
  }

  /** Repeating it is harmless. @throws {RecordsError} `not-found` */
  async revoke(id: string, actor: string): Promise<void> {
    await this.#changes.make(actor, async (tx) => {
      const [row] = await tx.query<{ revoked_at: Date | null }>(
        "SELECT revoked_at FROM records.token WHERE id = $1",
        [id],
      );
      if (!row) throw new RecordsError("not-found", "there is no such token");
      return row.revoked_at
        ? { result: undefined }
        : { fact: { action: "token.revoke", detail: { id } }, result: undefined };
    });
  }

  /** In the order they were made, revoked ones included. */
  async list(request: PageRequest): Promise<Page<TokenEntry>> {
    const select = `SELECT ${COLUMNS} FROM records.token t JOIN records.person p ON p.id = t.person`;
    const { entries, next } = await readPage(this.#database, select, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#entry(row)), next };
  }

  #entry(row: TokenRow): TokenEntry {
    return {
      id: row.id,
      person: row.person,
      name: this.#name(row),
      kind: row.kind,
      roles: row.roles,
      custodians: row.custodians,
      addedAt: row.added_at.toISOString(),
      expiresAt: row.expires_at && row.expires_at.toISOString(),
      revokedAt: row.revoked_at && row.revoked_at.toISOString(),
    };
  }

  async #custodians(tx: Tx, ids: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(ids)];
    const known = await tx.query("SELECT FROM records.custodian WHERE id = ANY($1)", [wanted]);
    if (known.length < wanted.length)
      throw new RecordsError("no-such-custodian", "a token can speak only for custodians that are known");
    return wanted;
  }

  #name({ person, name }: { person: string; name: Buffer }): string {
    return this.#cells.open(PLACES.person(person), name);
  }

  async #personNamed(
    tx: Tx,
    { name, kind, roles }: NewToken,
    requireFit: (roles: readonly Role[]) => void,
  ): Promise<string | undefined> {
    const [row, another] = await tx.query<{ id: string; kind: string; roles: Role[] | null }>(
      `SELECT id, kind, CASE WHEN ended_at IS NULL THEN roles END AS roles
       FROM records.person WHERE name_key = $1 LIMIT 2`,
      [this.#cells.lookup("person", foldName(name))],
    );
    if (another) throw new RecordsError("conflict", "two people have that name: the token would be either's");
    if (row && row.kind !== kind)
      throw new RecordsError("conflict", "that name is a person's and a machine's: choose another");
    if (row?.roles) requireFit([...row.roles, ...roles]);
    return row?.id;
  }
}

/** A fresh token: `dbk_` and 32 random bytes, base64url. */
export function newToken(): string {
  return `dbk_${randomBytes(32).toString("base64url")}`;
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
