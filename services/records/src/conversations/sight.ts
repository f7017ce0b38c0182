import type { CatalogueReader } from "@daybook/catalogue";
import type { Audit } from "@daybook/contract";
import type { Principal } from "@daybook/runtime";
import type { Matters } from "../matters/matters.ts";

/** What somebody may read, and why: there is no reading without one. */
export interface Sight {
  readonly principal: Principal;
  /** Sees what the reason allows to see. */
  readonly catalogue: CatalogueReader;
  /** What an audit event of the reading says of its reason: the matter, or nothing where it is one's own. */
  readonly reason: Pick<Audit, "actor" | "matter">;
}

/** Gives the two reasons for which content is shown. */
export class Sights {
  readonly #catalogue: CatalogueReader;
  readonly #matters: Matters;

  constructor(of: { catalogue: CatalogueReader; matters: Matters }) {
    this.#catalogue = of.catalogue;
    this.#matters = of.matters;
  }

  /** Everything, under an open matter. @throws {RecordsError} `no-such-matter`, `matter-closed` */
  async under(matter: string, principal: Principal): Promise<Sight> {
    await this.#matters.required(matter);
    return { principal, catalogue: this.#catalogue, reason: { actor: principal.id, matter } };
  }

  /** What was captured of the custodians for whom somebody may speak. */
  own(principal: Principal): Sight {
    return {
      principal,
      catalogue: this.#catalogue.within(principal.custodians ?? []),
      reason: { actor: principal.id },
    };
  }
}
