import type { Principal } from "@daybook/runtime";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { AuditTrail } from "../trail.ts";
import type { Assertion } from "./authenticator-answers.ts";
import type { Directory } from "./directory.ts";
import type { Passkeys } from "./passkeys.ts";
import type { How } from "./sessions.ts";
import type { Trial } from "./trial.ts";

/** How somebody in a session shows again who they are, and until when that holds. */
export interface Confirmation {
  readonly how: How;
  /** Null where they have to show it first. */
  readonly until: string | null;
}

export interface ConfirmationsOptions {
  readonly database: Database;
  readonly trail: AuditTrail;
  readonly passkeys: Passkeys;
  readonly directory: Directory | undefined;
  readonly trial: Trial | undefined;
  readonly goodMs: number;
  readonly now: () => Date;
}

/**
 * That whoever is in a session is still its person, shown a short while ago in the way in which they signed in: a
 * session that was left open, or whose token was taken, gives nobody a way in. A trial's people have nothing but the
 * start token, which is all that there is to know of anybody there.
 */
export class Confirmations {
  readonly #of: ConfirmationsOptions;

  constructor(of: ConfirmationsOptions) {
    this.#of = of;
  }

  /** @throws {RecordsError} `conflict`: a token is no session */
  async state(principal: Principal): Promise<Confirmation> {
    const { database, goodMs, now } = this.#of;
    const [row] = await database.query<{ how: How; confirmed_at: Date | null }>(
      "SELECT how, confirmed_at FROM records.session WHERE id = $1",
      [sessionOf(principal)],
    );
    if (!row) throw new RecordsError("not-found", "that session is over");
    const until = row.confirmed_at && new Date(row.confirmed_at.getTime() + goodMs);
    return { how: row.how, until: until && until > now() ? until.toISOString() : null };
  }

  /**
   * For what gives somebody a way in, or takes it. The bearer of a token, who is no browser that was left open, is not
   * asked.
   *
   * @throws {RecordsError} `confirm-first`
   */
  async require(principal: Principal): Promise<void> {
    if (principal.session === undefined) return;
    const { until } = await this.state(principal);
    if (until === null)
      throw new RecordsError("confirm-first", "show first that it is you: confirm it in this session");
  }

  beginPasskey(principal: Principal) {
    return this.#of.passkeys.beginConfirm(principal.id, sessionOf(principal));
  }

  /** @throws {RecordsError} `sign-in-refused` */
  async finishPasskey(principal: Principal, ceremony: string, answer: Assertion): Promise<void> {
    const session = sessionOf(principal);
    await this.#of.passkeys.finishConfirm(ceremony, answer, { person: principal.id, session });
    await this.#confirmed(principal, "passkey");
  }

  /** @param isSilent to ask what they may do, and nothing of them */
  beginDirectory(principal: Principal, isSilent: boolean) {
    return this.#directory.beginAgain(sessionOf(principal), isSilent ? "none" : "login");
  }

  /** @throws {RecordsError} `sign-in-refused`; `unavailable` */
  async finishDirectory(principal: Principal, ceremony: string, query: string): Promise<void> {
    const session = sessionOf(principal);
    const isAsked = await this.#directory.finishAgain(ceremony, query, { person: principal.id, session });
    await this.#of.database.query("UPDATE records.session SET told_at = $2 WHERE id = $1", [
      session,
      this.#of.now().toISOString(),
    ]);
    if (isAsked) await this.#confirmed(principal, "directory");
  }

  /** @param start the token that lets into the trial. @throws {RecordsError} `sign-in-refused` */
  async byTrial(principal: Principal, start: string): Promise<void> {
    const { trial } = this.#of;
    const { how } = await this.state(principal);
    if (!trial || how !== "trial")
      throw new RecordsError("sign-in-refused", "that is for the people of a trial");
    await trial.enter(start, principal.id);
    await this.#confirmed(principal, "trial");
  }

  /** On record first. */
  async #confirmed(principal: Principal, how: How): Promise<void> {
    const { database, trail, now } = this.#of;
    const session = sessionOf(principal);
    const detail = { session, how };
    await trail.record({ actor: principal.id, action: "session.confirm", subject: principal.id, detail });
    await database.query("UPDATE records.session SET confirmed_at = $2 WHERE id = $1", [
      session,
      now().toISOString(),
    ]);
  }

  get #directory(): Directory {
    if (this.#of.directory) return this.#of.directory;
    throw new RecordsError("conflict", "no directory is set up here: confirm with a passkey");
  }
}

/** A token is no session: it may be a program's. @throws {RecordsError} `conflict` */
export function sessionOf({ session }: Principal): string {
  if (session !== undefined) return session;
  throw new RecordsError("conflict", "that is for who is signed in: you have shown a token");
}
