import { timingSafeEqual } from "node:crypto";
import type { Role } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Registry } from "../registry.ts";
import type { TrialOptions } from "./options.ts";
import type { People } from "./people.ts";
import { signInPlaces } from "./places.ts";
import { hashOf } from "./secrets.ts";

const ACTOR = "daybook";

/** Somebody made up, as whom one may sign in. */
export interface TrialPerson {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

/** A trial's people: only made-up messages are here, so the start token lets anybody be any of them. */
export class Trial {
  readonly #options: TrialOptions;
  readonly #database: Database;
  readonly #cells: Cells;

  constructor(of: { options: TrialOptions; database: Database; cells: Cells }) {
    this.#options = of.options;
    this.#database = of.database;
    this.#cells = of.cells;
  }

  /** Makes those people who are not there yet. May be repeated. */
  async open(people: People, registry: Registry): Promise<void> {
    for (const { name, roles, custodian } of this.#options.people) {
      const custodians = custodian === undefined ? [] : [(await registry.resolve(custodian, ACTOR)).id];
      try {
        await people.add({ name, roles, custodians, trial: true }, ACTOR);
      } catch (error) {
        if (!(error instanceof RecordsError && error.code === "conflict")) throw error;
      }
    }
  }

  /** In the order they were given. @throws {RecordsError} `sign-in-refused` */
  async people(start: string): Promise<TrialPerson[]> {
    this.#requireStart(start);
    const rows = await this.#database.query<{ id: string; name: Buffer; roles: Role[] }>(
      `SELECT id, name, roles FROM records.person WHERE trial AND ended_at IS NULL AND roles IS NOT NULL LIMIT 100`,
    );
    const people = rows.map(({ id, name, roles }) => ({
      id,
      name: this.#cells.open(signInPlaces.person(id), name),
      roles,
    }));
    const places = this.#options.people.map(({ name }) => name);
    return people.toSorted((one, other) => places.indexOf(one.name) - places.indexOf(other.name));
  }

  /** @returns the id of the person. @throws {RecordsError} `sign-in-refused` */
  async enter(start: string, person: string): Promise<string> {
    const people = await this.people(start);
    if (!people.some(({ id }) => id === person))
      throw new RecordsError("sign-in-refused", "nobody of this trial is that person");
    return person;
  }

  #requireStart(start: string): void {
    if (timingSafeEqual(hashOf(start), hashOf(this.#options.token))) return;
    throw new RecordsError("sign-in-refused", "open the address that `npm start` printed: it lets you in");
  }
}
