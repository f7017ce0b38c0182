import { randomUUID } from "node:crypto";
import type { Logger, Role } from "@daybook/runtime";
import { type Cells, foldName } from "../cells.ts";
import type { Changes, Decision } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Registry } from "../registry.ts";
import type { AuditTrail } from "../trail.ts";
import type { Ceremonies } from "./ceremonies.ts";
import { type Asking, type Claims, OpenId } from "./open-id.ts";
import type { DirectoryOptions } from "./options.ts";
import { forbiddenPair } from "./pairs.ts";
import { signInPlaces } from "./places.ts";
import type { Sessions } from "./sessions.ts";
import { identityKey } from "./sign-in-appliers.ts";
import { type Identity, MAX_OWN_CUSTODIANS } from "./sign-in-facts.ts";

/** Who decides what the directory decides, in audit events. */
const ACTOR = "directory";
const MAX_VALUES = 1_000;
const MAX_CHARACTERS = 512;

export interface DirectoryGiven {
  readonly options: DirectoryOptions;
  readonly origin: string;
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly trail: AuditTrail;
  readonly registry: Registry;
  readonly sessions: Sessions;
  readonly ceremonies: Ceremonies;
  readonly log: Logger;
  readonly now: () => Date;
}

/** What the directory says of somebody, as it matters here. */
interface Told {
  readonly identity: Identity;
  readonly name: string;
  readonly roles: Role[];
  /** Undefined where the directory does not say: then they are as an administrator set them. */
  readonly custodians: string[] | undefined;
}

interface KnownRow {
  readonly id: string;
  readonly name: Buffer;
  readonly roles: Role[];
  readonly custodians: string[];
  readonly ended_at: Date | null;
}

/** Sign-in by the organisation's directory: who somebody is and what they may do is read anew each time. */
export class Directory {
  readonly #of: DirectoryGiven;
  readonly #openId: OpenId;

  constructor(of: DirectoryGiven) {
    this.#of = of;
    this.#openId = new OpenId(of.options, of.origin, of.now);
  }

  get name(): string {
    return this.#of.options.name;
  }

  get issuer(): string {
    return this.#of.options.issuer;
  }

  async begin(): Promise<{ ceremony: string; url: string }> {
    const { url, begun } = await this.#openId.begin();
    return { ceremony: await this.#of.ceremonies.begin("directory", { ...begun }), url };
  }

  /**
   * Somebody whom nobody has seen here before is a person from then on.
   *
   * @returns the id of the person
   * @throws {RecordsError} `sign-in-refused`, saying whom to ask; `unavailable`
   */
  async finish(ceremony: string, query: string): Promise<string> {
    const { state = "", nonce = "", verifier = "" } = await this.#of.ceremonies.take("directory", ceremony);
    const claims = await this.#openId.finish(query, { state, nonce, verifier, asking: "any" });
    const told = await this.#read(claims);
    return this.#of.changes.make(ACTOR, (tx) => this.#person(tx, told));
  }

  /** Asks again of somebody who is in a session. @param asking `login`: who they are; `none`: only what they may do */
  async beginAgain(
    session: string,
    asking: Exclude<Asking, "any">,
  ): Promise<{ ceremony: string; url: string }> {
    const { url, begun } = await this.#openId.begin(asking);
    return { ceremony: await this.#of.ceremonies.begin("directory-again", { ...begun, session }), url };
  }

  /**
   * What they may do is as the directory says from then on; where it gives nothing any more, their sessions end.
   *
   * @returns whether the directory asked them who they are
   * @throws {RecordsError} `sign-in-refused`; `unavailable`
   */
  async finishAgain(
    ceremony: string,
    query: string,
    of: { person: string; session: string },
  ): Promise<boolean> {
    const begun = await this.#of.ceremonies.take("directory-again", ceremony);
    const { state = "", nonce = "", verifier = "" } = begun;
    if (begun.session !== of.session) throw this.#another();
    const asking = begun.asking === "login" ? "login" : "none";
    const told = await this.#read(await this.#openId.finish(query, { state, nonce, verifier, asking }));
    await this.#of.changes.make(ACTOR, (tx) => this.#person(tx, told, of.person));
    return asking === "login";
  }

  async #read(claims: Claims): Promise<Told> {
    const { options } = this.#of;
    const named = { subject: "sub", name: "name", roles: "roles", ...options.claims };
    const [subject] = textsOf(claims[named.subject]) ?? [];
    if (subject === undefined) throw this.#refusal("does not say who you are");
    const identity = { issuer: options.issuer, subject };
    const values = textsOf(claims[named.roles]);
    if (!values) return this.#refuse(identity, "no-roles", "does not say what you may do here");
    const roles = [...new Set(values.flatMap((value) => roleOf(options.roles, value)))].toSorted();
    if (roles.length === 0) return this.#refuse(identity, "no-roles", "gives you no role here");
    const pair = forbiddenPair(roles);
    if (pair) {
      this.#of.log.error(
        { code: "forbidden-pair", roles: pair },
        "the directory gives one person two roles that nobody may have at once: correct the directory",
      );
      const why = `says that you are ${pair[0]} and ${pair[1]}, which nobody may be at once`;
      return this.#refuse(identity, "forbidden-pair", why);
    }
    const [name = ""] = textsOf(claims[named.name]) ?? [];
    if (foldName(name) === "") return this.#refuse(identity, "no-name", "does not say your name");
    const custodians =
      named.custodians === undefined ? undefined : await this.#custodians(textsOf(claims[named.custodians]));
    if (roles.includes("custodian") && custodians?.length === 0)
      return this.#refuse(identity, "no-custodian", "does not say whose messages are yours");
    return { identity, name: name.trim(), roles, custodians };
  }

  /** Those that are known, by name or id: what the directory has beside them is of other systems. */
  async #custodians(values: readonly string[] | undefined): Promise<string[]> {
    const ids = new Set<string>();
    for (const value of (values ?? []).slice(0, MAX_OWN_CUSTODIANS)) {
      try {
        ids.add((await this.#of.registry.find(value)).id);
      } catch (error) {
        const isOther = error instanceof RecordsError && /custodian$/.test(error.code);
        if (!isOther) throw error;
      }
    }
    return [...ids].toSorted();
  }

  /** @param only who it has to be, where somebody is signed in */
  async #person(
    tx: Tx,
    { identity, name, roles, custodians }: Told,
    only?: string,
  ): Promise<Decision<string>> {
    const { cells } = this.#of;
    const [known] = await tx.query<KnownRow>(
      "SELECT id, name, roles, custodians, ended_at FROM records.person WHERE identity_key = $1",
      [identityKey(cells, identity)],
    );
    if (only !== undefined && known?.id !== only) throw this.#another();
    if (!known) {
      const namesakes = await tx.query(
        "SELECT FROM records.person WHERE name_key = $1 AND identity_key IS NULL LIMIT 1",
        [cells.lookup("person", foldName(name))],
      );
      // Two persons of one human being could approve each other.
      if (namesakes.length > 0)
        throw this.#refusal("knows you by the name of somebody who is a user here already");
      const detail = { id: randomUUID(), name, roles, custodians: custodians ?? [], identity };
      return { fact: { action: "person.add", detail }, result: detail.id };
    }
    if (known.ended_at)
      throw new RecordsError(
        "sign-in-refused",
        `you are no longer a user here: ask ${this.#of.options.help}`,
      );
    const { id } = known;
    const detail = { id, name, roles, custodians: custodians ?? known.custodians };
    const same =
      cells.open(signInPlaces.person(id), known.name) === name &&
      String(known.roles.toSorted()) === String(roles) &&
      String(known.custodians.toSorted()) === String(detail.custodians.toSorted());
    return same ? { result: id } : { fact: { action: "person.change", detail }, result: id };
  }

  /** Says and records why, and takes the sessions that began while the directory said otherwise. */
  async #refuse(identity: Identity, code: string, why: string): Promise<never> {
    const { database, trail, cells, sessions } = this.#of;
    const key = identityKey(cells, identity);
    const [known] = await database.query<{ id: string }>(
      "SELECT id FROM records.person WHERE identity_key = $1",
      [key],
    );
    const subject = known?.id ?? key.toString("hex");
    await trail.record({
      actor: ACTOR,
      action: "session.refuse",
      subject,
      detail: { how: "directory", why: code },
    });
    if (known) await sessions.endAll(known.id, ACTOR, "refused");
    throw this.#refusal(why);
  }

  #another(): RecordsError {
    return new RecordsError(
      "sign-in-refused",
      `${this.#of.options.name} says that you are somebody else than who is signed in here: sign out first`,
    );
  }

  #refusal(why: string): RecordsError {
    const { name, help } = this.#of.options;
    return new RecordsError("sign-in-refused", `${name} ${why}: ask ${help}`);
  }
}

/** The texts of a claim, which is one or a list; undefined where it is absent or something else. */
function textsOf(claim: unknown): string[] | undefined {
  const list: unknown[] | undefined = Array.isArray(claim)
    ? claim
    : typeof claim === "string"
      ? [claim]
      : undefined;
  const texts = list
    ?.slice(0, MAX_VALUES)
    .filter((one): one is string => typeof one === "string" && one !== "" && one.length <= MAX_CHARACTERS);
  return texts?.length ? texts : undefined;
}

function roleOf(roles: DirectoryOptions["roles"], value: string): Role[] {
  return Object.hasOwn(roles, value) ? [roles[value] as Role] : [];
}
