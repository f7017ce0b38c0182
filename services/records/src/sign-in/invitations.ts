import { randomUUID } from "node:crypto";
import type { Role } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { signInPlaces } from "./places.ts";
import { hashOf, newSecret } from "./secrets.ts";

/** What somebody is told of an invitation that they hold. */
export interface Invited {
  readonly id: string;
  readonly person: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAt: string;
}

export interface InvitationsOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  /** Of the console. */
  readonly origin: string | undefined;
  readonly goodMs: number;
  readonly now: () => Date;
}

/** Links by which somebody makes their first passkey here: each is good once, and for a while. */
export class Invitations {
  readonly #of: InvitationsOptions;

  constructor(of: InvitationsOptions) {
    this.#of = of;
  }

  /**
   * A new link; earlier ones of the person are void. It is told once, here.
   *
   * @throws {RecordsError} `not-found`; `conflict`: the person has ended, or signs in elsewhere
   */
  async make(person: string, actor: string): Promise<{ link: string; expiresAt: string }> {
    const { changes, origin, goodMs, now } = this.#of;
    if (origin === undefined)
      throw new RecordsError("conflict", "nobody can sign in here: the console's address is not set");
    const secret = newSecret();
    const expiresAt = new Date(now().getTime() + goodMs).toISOString();
    await changes.make(actor, async (tx) => {
      const [row] = await tx.query<{ ended_at: Date | null; directory: boolean }>(
        `SELECT ended_at, identity_key IS NOT NULL AS directory FROM records.person
         WHERE id = $1 AND roles IS NOT NULL`,
        [person],
      );
      if (!row) throw new RecordsError("not-found", "there is no such person");
      if (row.ended_at)
        throw new RecordsError("conflict", "that person is no longer a user: add them again first");
      if (row.directory)
        throw new RecordsError("conflict", "that person signs in with the organisation's directory");
      const detail = { id: randomUUID(), person, hash: hashOf(secret).toString("hex"), expiresAt };
      return { fact: { action: "invitation.add", detail }, result: undefined };
    });
    // What follows # is sent to no server and stands in no log.
    return { link: `${origin}/sign-in/link#${secret}`, expiresAt };
  }

  /** @throws {RecordsError} `no-such-invitation` */
  async look(secret: string, tx: Tx = this.#of.database): Promise<Invited> {
    const { cells, now } = this.#of;
    const [row] = await tx.query<{
      id: string;
      person: string;
      name: Buffer;
      roles: Role[];
      expires_at: Date;
    }>(
      `SELECT i.id, i.person, p.name, p.roles, i.expires_at
       FROM records.invitation i JOIN records.person p ON p.id = i.person
       WHERE i.hash = $1 AND i.used_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > $2 AND p.ended_at IS NULL`,
      [hashOf(secret), now().toISOString()],
    );
    if (!row)
      throw new RecordsError(
        "no-such-invitation",
        "this link was used, is over, or was replaced: ask an administrator for another",
      );
    const { id, person, roles } = row;
    const name = cells.open(signInPlaces.person(person), row.name);
    return { id, person, name, roles, expiresAt: row.expires_at.toISOString() };
  }
}
