import type { Audit } from "@daybook/contract";
import { randomUUID } from "node:crypto";
import { apply } from "./apply.ts";
import type { Cells } from "./cells.ts";
import type { Database, Session, Tx } from "./database.ts";
import { RecordsError } from "./error.ts";
import { type Detail, type FactAction, factOf } from "./facts.ts";
import type { AuditTrail } from "./trail.ts";

/** Changes are made one at a time, over all processes. */
const CHANGE_LOCK = 7_318_102;

/** Bytes of a fact at most, so that its event can travel: see `MAX_EVENT_BYTES` of the contract. */
const MAX_FACT_BYTES = 1_900_000;

/** A change that has been decided and not yet made. Exports are told by the evidence service alone. */
export type NewFact = {
  [A in Exclude<FactAction, "export.start">]: {
    readonly action: A;
    readonly matter?: string;
    readonly detail: Omit<Detail<A>, "change">;
  };
}[Exclude<FactAction, "export.start">];

/** What deciding a change comes to: a fact, or nothing to do; and what to tell the caller. */
export interface Decision<R> {
  readonly fact?: NewFact;
  readonly result: R;
}

export type Decide<R> = (tx: Tx) => Promise<Decision<R>>;

/** Makes changes while no other can be made. */
export interface Exclusive {
  readonly session: Session;
  /** As `Changes.make`, inside this turn. */
  make<R>(actor: string, decide: Decide<R>): Promise<R>;
}

export interface ChangesOptions {
  readonly database: Database;
  readonly trail: AuditTrail;
  readonly cells: Cells;
  /** Applies what is durable and not yet applied; runs inside an exclusive turn. */
  readonly catchUp: (session: Session) => Promise<void>;
}

/**
 * The one way in which state changes. Each change is decided, applied and made durable as an audit event before
 * it is committed; whatever fails in between, the event alone decides, at the next change or start.
 */
export class Changes {
  readonly #options: ChangesOptions;
  #last: Promise<unknown> = Promise.resolve();
  /** Whether an event may be durable that the tables do not show. */
  #behind = false;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /**
   * Decides and makes one change. Once resolved its audit event is durable and its rows are committed.
   *
   * @param decide looks at the tables as they are, with no other change in between; an error refuses the change
   * @throws {RecordsError} `unavailable`: it may or may not have been made
   */
  make<R>(actor: string, decide: Decide<R>): Promise<R> {
    return this.exclusively((turn) => turn.make(actor, decide));
  }

  /** Runs `work` while nobody else changes anything, caught up with every durable audit event. */
  async exclusively<R>(work: (turn: Exclusive) => Promise<R>): Promise<R> {
    const before = this.#last;
    let done: () => void = () => undefined;
    this.#last = new Promise<void>((resolve) => (done = resolve));
    await before;
    try {
      return await this.#options.database.locked(CHANGE_LOCK, async (session) => {
        if (this.#behind) {
          await this.#options.catchUp(session);
          this.#behind = false;
        }
        return await work({ session, make: (actor, decide) => this.#make(session, actor, decide) });
      });
    } finally {
      done();
    }
  }

  async #make<R>(session: Session, actor: string, decide: Decide<R>): Promise<R> {
    if (this.#behind) throw new RecordsError("unavailable", "an earlier change is still in doubt: try again");
    const decided = await session.transaction(async (tx) => {
      const { fact, result } = await decide(tx);
      if (fact) await this.#publish(tx, actor, fact);
      return result;
    });
    this.#behind = false;
    return decided;
  }

  async #publish(tx: Tx, actor: string, fact: NewFact): Promise<void> {
    const { trail, cells } = this.#options;
    const change = randomUUID();
    const detail = { ...fact.detail, change };
    if (JSON.stringify(detail).length > MAX_FACT_BYTES) {
      throw new RecordsError("too-many", "too much for one change: take fewer records at a time");
    }
    const event = trail.draft({
      actor,
      action: fact.action,
      subject: subjectOf(fact),
      ...(fact.matter === undefined ? {} : { matter: fact.matter }),
      detail: detail as NonNullable<Audit["detail"]>,
    });
    const parsed = factOf(event.event.audit as Audit, event.event.capturedAt);
    if (!parsed) throw new RecordsError("corrupt", `no fact is called ${fact.action}`);
    await apply(tx, parsed, cells);
    await tx.query("INSERT INTO records.change VALUES ($1)", [change]);
    this.#behind = true;
    await trail.publish(event);
  }
}

function subjectOf(fact: NewFact): string {
  return fact.detail.id;
}
