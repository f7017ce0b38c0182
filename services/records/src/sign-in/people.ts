import { randomUUID } from "node:crypto";
import type { Principal, Role } from "@daybook/runtime";
import { type Cells, foldName } from "../cells.ts";
import type { Changes, Decision } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import { requireNoPair } from "./pairs.ts";
import { signInPlaces } from "./places.ts";
import type { Sessions } from "./sessions.ts";
import { identityKey } from "./sign-in-appliers.ts";

/** Somebody who may sign in, or might once. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Ids of the custodians that they are, or speak for. */
  readonly custodians: readonly string[];
  readonly addedAt: string;
  readonly endedAt: string | null;
  /** How many they have. */
  readonly passkeys: number;
  /** Whether the organisation's directory says who they are. */
  readonly directory: boolean;
  /** When the invitation that they have not used is over; null without one. */
  readonly invitedUntil: string | null;
}

export interface NewPerson {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly custodians: readonly string[];
  readonly trial?: boolean;
}

interface PersonRow {
  readonly id: string;
  readonly name: Buffer;
  readonly roles: Role[];
  readonly custodians: string[];
  readonly added_at: Date;
  readonly ended_at: Date | null;
  readonly passkeys: number;
  readonly directory: boolean;
  readonly invited_until: Date | null;
}

const SELECT = `SELECT p.id, p.name, p.roles, p.custodians, p.added_at, p.ended_at,
    p.identity_key IS NOT NULL AS directory,
    (SELECT count(*)::int FROM records.passkey k WHERE k.person = p.id AND k.removed_at IS NULL) AS passkeys,
    (SELECT max(i.expires_at) FROM records.invitation i
     WHERE i.person = p.id AND i.used_at IS NULL AND i.withdrawn_at IS NULL) AS invited_until
  FROM (SELECT * FROM records.person WHERE roles IS NOT NULL) p`;

const OLDEST_FIRST: Order<PersonRow> = {
  list: "persons",
  newestFirst: false,
  columns: [
    { sql: "p.added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "p.id::uuid", type: "uuid", of: (row) => row.id },
  ],
};

export interface PeopleOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly sessions: Sessions;
  readonly now: () => Date;
}

/** Who may sign in, and as what. What they do counts as one person's, whatever they sign in with. */
export class People {
  readonly #of: PeopleOptions;

  constructor(of: PeopleOptions) {
    this.#of = of;
  }

  /** In the order they were added, ended ones included. */
  async list(request: PageRequest): Promise<Page<Person>> {
    const { entries, next } = await readPage(this.#of.database, SELECT, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#person(row)), next };
  }

  /** @throws {RecordsError} `not-found` */
  async get(id: string): Promise<Person> {
    const [row] = await this.#of.database.query<PersonRow>(`${SELECT} WHERE p.id = $1`, [id]);
    if (!row) throw notFound();
    return this.#person(row);
  }

  /** Whether anybody ever might sign in. */
  async isAnybody(): Promise<boolean> {
    const [row] = await this.#of.database.query(
      "SELECT FROM records.person WHERE roles IS NOT NULL AND ended_at IS NULL LIMIT 1",
    );
    return row !== undefined;
  }

  /**
   * Somebody of that name who had only tokens, or had ended, is the same person again.
   *
   * @throws {RecordsError} `forbidden-pair`; `no-such-custodian`; `conflict`: there is such a person
   */
  async add(of: NewPerson, actor: string): Promise<Person> {
    requireNoPair(of.roles);
    if (foldName(of.name) === "") throw new RecordsError("bad-request", "a person has a name");
    const added = await this.#of.changes.make(actor, (tx) => this.#adding(tx, of));
    return this.get(added);
  }

  async #adding(tx: Tx, { name, roles, custodians, trial }: NewPerson): Promise<Decision<string>> {
    await requireCustodians(tx, custodians);
    const named = await tx.query<{ id: string; kind: string; live: boolean; identity: boolean }>(
      `SELECT id, kind, roles IS NOT NULL AND ended_at IS NULL AS live, identity_key IS NOT NULL AS identity
       FROM records.person WHERE name_key = $1 LIMIT 2`,
      [this.#of.cells.lookup("person", foldName(name))],
    );
    const [known] = named;
    if (named.length > 1 || known?.live || known?.kind === "machine")
      throw new RecordsError("conflict", "that name is taken: add what tells the two apart");
    const id = known?.id ?? randomUUID();
    return {
      fact: {
        action: "person.add",
        detail: {
          id,
          name: name.trim(),
          roles: [...roles],
          custodians: [...custodians],
          ...(trial && { trial }),
        },
      },
      result: id,
    };
  }

  /**
   * New rights hold from the person's next request on.
   *
   * @throws {RecordsError} `not-found`; `forbidden-pair`; `no-such-custodian`; `conflict`: ended, or the actor's own
   */
  async change(
    id: string,
    to: { readonly roles: readonly Role[]; readonly custodians: readonly string[] },
    actor: Pick<Principal, "id">,
  ): Promise<Person> {
    requireNoPair(to.roles);
    requireOther(id, actor);
    await this.#of.changes.make(actor.id, async (tx) => {
      const { name } = await this.#live(tx, id);
      await requireCustodians(tx, to.custodians);
      const detail = { id, name, roles: [...to.roles], custodians: [...to.custodians] };
      return { fact: { action: "person.change", detail }, result: undefined };
    });
    return this.get(id);
  }

  /** Joins a person to who the directory says they are: from then on they sign in there. */
  async identify(
    id: string,
    identity: { issuer: string; subject: string },
    actor: Pick<Principal, "id">,
  ): Promise<Person> {
    requireOther(id, actor);
    await this.#of.changes.make(actor.id, async (tx) => {
      await this.#live(tx, id);
      const [taken] = await tx.query<{ id: string }>(
        "SELECT id FROM records.person WHERE identity_key = $1",
        [identityKey(this.#of.cells, identity)],
      );
      if (taken && taken.id !== id)
        throw new RecordsError("conflict", "somebody else is that person of the directory");
      return { fact: { action: "person.identify", detail: { id, identity } }, result: undefined };
    });
    return this.get(id);
  }

  /** At once, with their sessions, tokens, passkeys and invitations. Repeating it is harmless. */
  async end(id: string, actor: Pick<Principal, "id">): Promise<void> {
    requireOther(id, actor);
    await this.#of.changes.make(actor.id, async (tx) => {
      const [row] = await tx.query<{ ended_at: Date | null }>(
        "SELECT ended_at FROM records.person WHERE id = $1 AND roles IS NOT NULL",
        [id],
      );
      if (!row) throw notFound();
      return row.ended_at
        ? { result: undefined }
        : { fact: { action: "person.end", detail: { id } }, result: undefined };
    });
    await this.#of.sessions.endAll(id, actor.id, "person-ended");
  }

  async #live(tx: Tx, id: string): Promise<{ name: string }> {
    const [row] = await tx.query<{ name: Buffer; ended_at: Date | null }>(
      "SELECT name, ended_at FROM records.person WHERE id = $1 AND roles IS NOT NULL",
      [id],
    );
    if (!row) throw notFound();
    if (row.ended_at)
      throw new RecordsError("conflict", "that person is no longer a user: add them again first");
    return { name: this.#of.cells.open(signInPlaces.person(id), row.name) };
  }

  #person(row: PersonRow): Person {
    const { id, roles, custodians, passkeys, directory, invited_until: until } = row;
    return {
      id,
      name: this.#of.cells.open(signInPlaces.person(id), row.name),
      roles,
      custodians,
      addedAt: row.added_at.toISOString(),
      endedAt: row.ended_at && row.ended_at.toISOString(),
      passkeys,
      directory,
      invitedUntil: until && until > this.#of.now() ? until.toISOString() : null,
    };
  }
}

/** @throws {RecordsError} `no-such-custodian` */
export async function requireCustodians(tx: Tx, ids: readonly string[]): Promise<void> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return;
  const known = await tx.query("SELECT FROM records.custodian WHERE id = ANY($1)", [wanted]);
  if (known.length < wanted.length)
    throw new RecordsError("no-such-custodian", "a person can be only custodians that are known");
}

/** Whoever gives rights to themself, or shuts themself out, needs another to look at it. */
function requireOther(id: string, actor: Pick<Principal, "id">): void {
  if (id === actor.id)
    throw new RecordsError("conflict", "that is you: another administrator has to do this");
}

function notFound(): RecordsError {
  return new RecordsError("not-found", "there is no such person");
}
