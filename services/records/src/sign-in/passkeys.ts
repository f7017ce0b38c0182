import { randomUUID } from "node:crypto";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { AuditTrail } from "../trail.ts";
import type { Assertion, Registration } from "./authenticator-answers.ts";
import type { Ceremonies } from "./ceremonies.ts";
import type { Invitations } from "./invitations.ts";
import { signInPlaces } from "./places.ts";
import { notAccepted, WebAuthn } from "./web-authn.ts";

/** One of a person's own. */
export interface PasskeyEntry {
  readonly id: string;
  readonly label: string;
  readonly addedAt: string;
  readonly usedAt: string | null;
}

/** Passkeys of one person at most. */
const MAX_PASSKEYS = 20;

export interface PasskeysOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly trail: AuditTrail;
  readonly ceremonies: Ceremonies;
  readonly invitations: Invitations;
  /** Of the console; without it there are no passkeys. */
  readonly origin: string | undefined;
  readonly now: () => Date;
}

/** Passkeys: made by an invitation or by whoever is signed in, and used to sign in. */
export class Passkeys {
  readonly #of: PasskeysOptions;
  readonly #webAuthn: WebAuthn | undefined;

  constructor(of: PasskeysOptions) {
    this.#of = of;
    this.#webAuthn = of.origin === undefined ? undefined : new WebAuthn(of.origin);
  }

  /** For whoever has one: which, the authenticator says. */
  async beginSignIn() {
    const options = await this.#required.authenticationOptions();
    const ceremony = await this.#of.ceremonies.begin("passkey", { challenge: options.challenge });
    return { ceremony, options };
  }

  /** @returns the id of the person. @throws {RecordsError} `sign-in-refused`, which is recorded where the passkey is known */
  async finishSignIn(ceremony: string, answer: Assertion): Promise<string> {
    const { challenge = "" } = await this.#of.ceremonies.take("passkey", ceremony);
    return this.#person(answer, challenge);
  }

  /** For somebody in a session, to show that it is still they. */
  async beginConfirm(person: string, session: string) {
    const options = await this.#required.authenticationOptions(await this.#credentials(person));
    const ceremony = await this.#of.ceremonies.begin("confirm", { challenge: options.challenge, session });
    return { ceremony, options };
  }

  /** @throws {RecordsError} `sign-in-refused`: it is not they, or was begun in another session */
  async finishConfirm(ceremony: string, answer: Assertion, of: { person: string; session: string }) {
    const { challenge = "", session } = await this.#of.ceremonies.take("confirm", ceremony);
    if (session !== of.session) throw notAccepted();
    if ((await this.#person(answer, challenge)) !== of.person) throw notAccepted();
  }

  /** Whose passkey answered. */
  async #person(answer: Assertion, challenge: string): Promise<string> {
    const webAuthn = this.#required;
    const [row] = await this.#of.database.query<{
      id: string;
      person: string;
      public_key: Buffer;
      counter: string;
      directory: boolean;
    }>(
      `SELECT k.id, k.person, k.public_key, greatest(k.counter, coalesce(u.counter, 0)) AS counter,
         p.identity_key IS NOT NULL AS directory
       FROM records.passkey k JOIN records.person p ON p.id = k.person
         LEFT JOIN records.passkey_use u ON u.passkey = k.id
       WHERE k.credential = $1 AND k.removed_at IS NULL AND p.ended_at IS NULL AND p.roles IS NOT NULL`,
      [Buffer.from(answer.id, "base64url")],
    );
    if (!row) throw notAccepted();
    try {
      const before = Number(row.counter);
      const known = { id: answer.id, publicKey: row.public_key, counter: before };
      const counted = await webAuthn.verifyAssertion(answer, challenge, known);
      if (row.directory)
        throw new RecordsError("sign-in-refused", "you sign in with your organisation's directory");
      await this.#count(row.id, before, counted);
    } catch (error) {
      if (error instanceof RecordsError && error.code === "sign-in-refused")
        await this.#refused(row.person, row.id);
      throw error;
    }
    return row.person;
  }

  async #refused(person: string, passkey: string): Promise<void> {
    const detail = { how: "passkey", passkey };
    await this.#of.trail.record({ actor: "nobody", action: "session.refuse", subject: person, detail });
  }

  /** Of two that use one count, which a copy of the passkey would be, one is refused. */
  async #count(passkey: string, before: number, counted: number): Promise<void> {
    const [row] = await this.#of.database.query(
      `INSERT INTO records.passkey_use VALUES ($1, $2, $3)
       ON CONFLICT (passkey) DO UPDATE SET counter = EXCLUDED.counter, used_at = EXCLUDED.used_at
         WHERE records.passkey_use.counter <= $4 RETURNING passkey`,
      [passkey, counted, this.#of.now().toISOString(), before],
    );
    if (!row) throw notAccepted();
  }

  /** @throws {RecordsError} `no-such-invitation` */
  async beginInvited(secret: string) {
    const { id, person, name } = await this.#of.invitations.look(secret);
    return this.#beginFor("invitation", { id: person, name }, { invitation: id });
  }

  /** Makes the passkey and uses the invitation up, in one. @returns the id of the person */
  async finishInvited(
    secret: string,
    ceremony: string,
    answer: Registration,
    label: string,
  ): Promise<string> {
    const { changes, ceremonies, invitations } = this.#of;
    const invited = await invitations.look(secret);
    const { challenge = "", invitation } = await ceremonies.take("invitation", ceremony);
    if (invitation !== invited.id) throw notAccepted();
    const made = await this.#required.verifyRegistration(answer, challenge);
    return changes.make(invited.person, async (tx) => {
      const { id, person } = await invitations.look(secret, tx);
      await requireRoom(tx, person);
      const passkey = { id: randomUUID(), person, label, ...made };
      return { fact: { action: "invitation.use", detail: { id, passkey } }, result: person };
    });
  }

  /** For somebody who is signed in. @throws {RecordsError} `conflict`: they sign in elsewhere, or have too many */
  async beginOwn(person: { id: string; name: string }, session: string) {
    await requireRoom(this.#of.database, person.id);
    return this.#beginFor("own-passkey", person, { session });
  }

  /** In the session in which it was begun. @returns its id */
  async finishOwn(
    { person, session }: { person: string; session: string },
    ceremony: string,
    answer: Registration,
    label: string,
  ): Promise<string> {
    const begun = await this.#of.ceremonies.take("own-passkey", ceremony);
    if (begun.session !== session) throw notAccepted();
    const made = await this.#required.verifyRegistration(answer, begun.challenge ?? "");
    return this.#of.changes.make(person, async (tx) => {
      await requireRoom(tx, person);
      const passkey = { id: randomUUID(), person, label, ...made };
      return { fact: { action: "passkey.add", detail: passkey }, result: passkey.id };
    });
  }

  /** Oldest first. */
  async list(person: string): Promise<PasskeyEntry[]> {
    const rows = await this.#of.database.query<{
      id: string;
      label: Buffer;
      added_at: Date;
      used_at: Date | null;
    }>(
      `SELECT k.id, k.label, k.added_at, u.used_at
       FROM records.passkey k LEFT JOIN records.passkey_use u ON u.passkey = k.id
       WHERE k.person = $1 AND k.removed_at IS NULL ORDER BY k.added_at, k.id`,
      [person],
    );
    return rows.map((row) => ({
      id: row.id,
      label: this.#of.cells.open(signInPlaces.passkey(row.id), row.label),
      addedAt: row.added_at.toISOString(),
      usedAt: row.used_at && row.used_at.toISOString(),
    }));
  }

  /** @throws {RecordsError} `not-found`; `conflict`: they would have no way in */
  async remove(id: string, person: string): Promise<void> {
    await this.#of.changes.make(person, async (tx) => {
      const own = await tx.query<{ id: string }>(
        "SELECT id FROM records.passkey WHERE person = $1 AND removed_at IS NULL",
        [person],
      );
      if (!own.some((one) => one.id === id)) throw new RecordsError("not-found", "you have no such passkey");
      const [directory] = await tx.query(
        "SELECT FROM records.person WHERE id = $1 AND identity_key IS NOT NULL",
        [person],
      );
      if (own.length === 1 && !directory)
        throw new RecordsError("conflict", "this is your only way in: add another passkey first");
      return { fact: { action: "passkey.remove", detail: { id } }, result: undefined };
    });
  }

  /** Whether anybody can sign in with one. */
  async isAnybodys(): Promise<boolean> {
    const [row] = await this.#of.database.query(
      "SELECT FROM records.passkey WHERE removed_at IS NULL LIMIT 1",
    );
    return row !== undefined;
  }

  async #beginFor(
    purpose: "invitation" | "own-passkey",
    person: { id: string; name: string },
    of: Readonly<Record<string, string>>,
  ) {
    const webAuthn = this.#required;
    const options = await webAuthn.registrationOptions({
      handle: this.#of.cells.lookup("passkey-user", person.id),
      name: person.name,
      has: await this.#credentials(person.id),
    });
    const ceremony = await this.#of.ceremonies.begin(purpose, { ...of, challenge: options.challenge });
    return { ceremony, options };
  }

  async #credentials(person: string): Promise<string[]> {
    const rows = await this.#of.database.query<{ credential: Buffer }>(
      "SELECT credential FROM records.passkey WHERE person = $1 AND removed_at IS NULL",
      [person],
    );
    return rows.map(({ credential }) => credential.toString("base64url"));
  }

  get #required(): WebAuthn {
    if (this.#webAuthn) return this.#webAuthn;
    throw new RecordsError("conflict", "there are no passkeys here: the console's address is not set");
  }
}

/** @throws {RecordsError} `conflict` */
async function requireRoom(tx: Tx, person: string): Promise<void> {
  const [row] = await tx.query<{ directory: boolean; passkeys: number }>(
    `SELECT identity_key IS NOT NULL AS directory,
       (SELECT count(*)::int FROM records.passkey WHERE person = p.id AND removed_at IS NULL) AS passkeys
     FROM records.person p WHERE id = $1 AND roles IS NOT NULL AND ended_at IS NULL`,
    [person],
  );
  if (!row) throw new RecordsError("conflict", "that is for people who sign in here");
  if (row.directory)
    throw new RecordsError("conflict", "you sign in with your organisation's directory, not with a passkey");
  if (row.passkeys >= MAX_PASSKEYS)
    throw new RecordsError("conflict", "you have too many passkeys: remove one first");
}
