import { randomUUID } from "node:crypto";
import type { Principal } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Changes, NewFact } from "../changes.ts";
import type { Division } from "../clocks/calendar.ts";
import { type Regime, type RegimeId, regimeOf, type VariantId } from "../clocks/regimes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import type { Named, PersonNames } from "../person-names.ts";
import { afterOf, newestFor } from "./matter-clock.ts";
import type { MatterKind, Outcome, ReviewOutcome } from "./matter-facts.ts";
import { MATTER_COLUMNS, matterOf, type MatterRow } from "./matter-row.ts";
import { type ClockState, receiptOf } from "./matter-state.ts";

/** A request or case, under which things are read. */
export interface Matter {
  readonly id: string;
  readonly title: string;
  readonly kind: MatterKind;
  readonly openedAt: string;
  /** The target: RFC 3339. */
  readonly due: string | null;
  readonly closedAt: string | null;
  /** The requester's or the body's own, as they write it. */
  readonly reference: string | null;
  readonly regime: RegimeId | null;
  /** When the authority received it: a day, or an instant where hours count. */
  readonly receivedAt: string | null;
  /** Of the body, where its bank holidays count. */
  readonly nation: Division | null;
  /** A fact of the matter by which its rule has other lengths. */
  readonly variant: VariantId | null;
  /** A later date, which is arguable: a bank holiday was proclaimed since. */
  readonly dueLimit: string | null;
  /** Whether it needs a year whose bank holidays are not known. */
  readonly provisional: boolean;
  readonly waitsFor: "clarification" | "fee" | null;
  readonly state: ClockState;
  readonly answeredOn: string | null;
  readonly outcome: Outcome | null;
  readonly assignedTo: Named | null;
  /** What the requester asked for after, or for want of, an answer. */
  readonly review: MatterReview | null;
}

/** The review of an answer, which has a clock of its own. */
export interface MatterReview {
  readonly askedOn: string;
  /** The target: RFC 3339. */
  readonly due: string;
  readonly dueLimit: string | null;
  /** What it should not take longer than. */
  readonly atMost: string | null;
  readonly provisional: boolean;
  /** False: the law sets no time, good practice does. */
  readonly statutory: boolean;
  readonly state: ClockState;
  readonly answeredOn: string | null;
  readonly outcome: ReviewOutcome | null;
}

/** Which matters, and in which order. */
export interface MatterFilter {
  readonly state?: "open" | "closed" | undefined;
  /** Assigned to whoever asks. */
  readonly mine?: boolean | undefined;
  /** `due`: overdue first, then what is due next, then what has no date. */
  readonly order: "newest" | "due";
}

/** A matter that is to be opened. */
export interface NewMatter {
  readonly title: string;
  readonly kind: MatterKind;
  readonly due: string | null;
  readonly regime?: RegimeId | undefined;
  readonly receivedAt?: string | undefined;
  readonly nation?: Division | undefined;
  readonly variant?: VariantId | undefined;
  readonly reference?: string | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID_COLUMN = { sql: "id", type: "uuid", of: (row: MatterRow) => row.id } as const;

const ORDERS: Readonly<Record<MatterFilter["order"], Order<MatterRow>>> = {
  newest: {
    list: "matters",
    newestFirst: true,
    columns: [{ sql: "opened_at", type: "timestamptz", of: (row) => row.opened_at }, ID_COLUMN],
  },
  due: {
    list: "matters-by-due",
    newestFirst: false,
    columns: [{ sql: "by_due", type: "timestamptz", of: (row) => row.by_due }, ID_COLUMN],
  },
};

export interface MattersOptions {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly names: PersonNames;
  readonly now: () => Date;
}

/** What is read under which purpose, and until when it has to be answered. */
export class Matters {
  readonly #of: MattersOptions;

  constructor(options: MattersOptions) {
    this.#of = options;
  }

  /** @throws {RecordsError} `bad-request`: what is given does not fit the regime */
  async open(of: NewMatter, actor: string): Promise<Matter> {
    const id = randomUUID();
    const { title, kind, due, regime: regimeId, nation, variant, reference } = of;
    await this.#of.changes.make(actor, async (tx) => {
      const detail = { id, title, kind, due, ...(reference === undefined ? {} : { reference }) };
      if (regimeId === undefined) {
        if (nation ?? variant ?? of.receivedAt)
          throw new RecordsError("bad-request", "say by which regime it counts");
        return { fact: { action: "matter.open", matter: id, detail }, result: undefined };
      }
      const regime = chosen(regimeId, variant);
      const receivedAt = receiptOf(regime, of, this.#of.now());
      const newest = await newestFor(tx, regime);
      const facts = { regime, received: receivedAt, set: due ?? undefined, steps: [] };
      const where = regime.calendar === "nation" ? (nation ?? "england-and-wales") : undefined;
      const clock = afterOf({ facts, nation: where, kept: newest, latest: newest });
      return {
        fact: {
          action: "matter.open",
          matter: id,
          detail: {
            ...detail,
            regime: {
              id: regime.id,
              version: regime.version,
              ...(where === undefined ? {} : { nation: where }),
              ...(variant === undefined ? {} : { variant }),
            },
            receivedAt,
            clock,
          },
        },
        result: undefined,
      };
    });
    return this.get(id);
  }

  async list(
    request: PageRequest,
    filter: MatterFilter = { order: "newest" },
    principal?: Principal,
  ): Promise<Page<Matter>> {
    const conditions = [
      ...(filter.state === undefined ? [] : [`closed_at IS ${filter.state === "open" ? "" : "NOT"} NULL`]),
      ...(filter.mine ? ["assigned = $1"] : []),
    ];
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const { entries, next } = await readPage(
      this.#of.database,
      `SELECT * FROM (SELECT ${MATTER_COLUMNS} FROM records.matter ${where}) m`,
      ORDERS[filter.order],
      request,
      filter.mine ? [principal?.id ?? ""] : [],
    );
    const names = await this.#of.names.of(entries.map(({ assigned }) => assigned));
    return { entries: entries.map((row) => matterOf(row, this.#of, names)), next };
  }

  /** @throws {RecordsError} `no-such-matter` */
  get(id: string): Promise<Matter> {
    return this.#get(this.#of.database, id);
  }

  /** The matter, if things may be read under it. @throws {RecordsError} `no-such-matter`, `matter-closed` */
  async required(id: string, tx: Tx = this.#of.database): Promise<Matter> {
    const matter = await this.#get(tx, id);
    if (matter.closedAt !== null)
      throw new RecordsError("matter-closed", "that matter is closed: open another");
    return matter;
  }

  close(id: string, outcome: Outcome | undefined, actor: string): Promise<Matter> {
    const detail = { id, ...(outcome === undefined ? {} : { outcome }) };
    return this.change(id, actor, () => Promise.resolve({ action: "matter.close", detail }));
  }

  /** Makes one fact of an open matter. @throws {RecordsError} `no-such-matter`, `matter-closed`, what `decide` throws */
  async change(
    id: string,
    actor: string,
    decide: (tx: Tx, matter: Matter) => Promise<NewFact>,
  ): Promise<Matter> {
    await this.#of.changes.make(actor, async (tx) => {
      const matter = await this.required(id, tx);
      return { fact: { ...(await decide(tx, matter)), matter: id }, result: undefined };
    });
    return this.get(id);
  }

  async #get(tx: Tx, id: string): Promise<Matter> {
    const [row] = UUID.test(id)
      ? await tx.query<MatterRow>(
          `SELECT ${MATTER_COLUMNS} FROM records.matter WHERE id = $1`,
          [id],
          "records-matter",
        )
      : [];
    if (!row)
      throw new RecordsError("no-such-matter", "there is no such matter: `daybook matter list` shows them");
    return matterOf(row, this.#of, await this.#of.names.of([row.assigned], tx));
  }
}

/** @throws {RecordsError} `bad-request`: the regime has no such variant */
function chosen(id: RegimeId, variant: VariantId | undefined): Regime {
  const regime = regimeOf(id);
  if (variant === undefined) return regime;
  if (!regime.variants?.[variant])
    throw new RecordsError("bad-request", `${regime.name} has no such case: give none`);
  return regimeOf(id, regime.version, variant);
}
