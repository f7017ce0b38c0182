import { randomUUID } from "node:crypto";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Registry } from "../registry.ts";
import { postPlaces as PLACES } from "./places.ts";
import type { HoldingDetail, HoldingKind } from "./post-facts.ts";
import type { Span } from "./spans.ts";

/** One holding, with its post and its holder. */
export interface Held extends Span {
  readonly holding: string;
  readonly post: { readonly id: string; readonly title: string };
  readonly custodian: { readonly id: string; readonly name: string };
  readonly kind: HoldingKind;
  readonly basis: string | null;
}

export interface HeldRow {
  readonly id: string;
  readonly post: string;
  readonly title: Buffer;
  readonly custodian: string;
  readonly name: Buffer;
  readonly from: Date;
  readonly to: Date | null;
  readonly kind: HoldingKind;
  readonly basis: Buffer | null;
}

export const HELD = `SELECT h.id, h.post, p.title, h.custodian, c.name, lower(h.valid) AS from, upper(h.valid) AS to,
  h.kind, h.basis FROM records.holding h JOIN records.post p ON p.id = h.post
  JOIN records.custodian c ON c.id = h.custodian`;

export function heldOf(row: HeldRow, cells: Cells): Held {
  const { id, post, title, custodian, name, from, to, kind, basis } = row;
  return {
    holding: id,
    post: { id: post, title: cells.open(PLACES.post(post), title) },
    custodian: { id: custodian, name: cells.open(PLACES.custodian(custodian), name) },
    kind,
    basis: basis && cells.open(PLACES.basis(id), basis),
    from: from.toISOString(),
    to: to && to.toISOString(),
  };
}

/** Who takes up, holds and leaves posts. PostgreSQL itself refuses two who hold one at once and do not share it. */
export class Holdings {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;
  readonly #registry: Registry;

  constructor(of: { database: Database; changes: Changes; cells: Cells; registry: Registry }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
    this.#registry = of.registry;
  }

  /**
   * @param of.custodian name or id
   * @throws {RecordsError} `not-found`, `no-such-custodian`, `ambiguous-custodian`; `conflict`: somebody else holds it
   */
  async add(
    post: string,
    of: HoldingDetail & { custodian: string },
    reason: string,
    actor: string,
  ): Promise<Held> {
    const { custodian: named, ...detail } = of;
    const custodian = (await this.#registry.find(named)).id;
    requireOrder(detail);
    const id = await this.#changes.make(actor, async (tx) => {
      const [found] = await tx.query("SELECT FROM records.post WHERE id = $1", [post]);
      if (!found) throw new RecordsError("not-found", "there is no such post");
      await requireFree(tx, { ...detail, post, custodian, id: null });
      const made = randomUUID();
      return {
        fact: { action: "holding.add", detail: { ...detail, id: made, post, custodian, reason } },
        result: made,
      };
    });
    return this.#require(this.#database, id);
  }

  /**
   * From an instant on they hold it no more. Repeating it is harmless.
   *
   * @throws {RecordsError} `not-found`; `bad-request`: it begins later
   */
  end(id: string, to: string, reason: string, actor: string): Promise<Held> {
    return this.correct(id, { to }, reason, actor);
  }

  /**
   * Says what is otherwise of a holding and was always so. Repeating it is harmless.
   *
   * @throws {RecordsError} `not-found`; `conflict`: somebody else holds it then; `bad-request`: it ends before it begins
   */
  async correct(id: string, to: Partial<HoldingDetail>, reason: string, actor: string): Promise<Held> {
    await this.#changes.make(actor, async (tx) => {
      const held = await this.#require(tx, id);
      const before: HoldingDetail = { kind: held.kind, from: held.from, to: held.to, basis: held.basis };
      const after = { ...before, ...to };
      if (JSON.stringify(after) === JSON.stringify(before)) return { result: undefined };
      requireOrder(after);
      await requireFree(tx, { ...after, id, post: held.post.id, custodian: held.custodian.id });
      return { fact: { action: "holding.change", detail: { id, before, after, reason } }, result: undefined };
    });
    return this.#require(this.#database, id);
  }

  /** It was never so: what was said of it stays in the audit log alone. @throws {RecordsError} `not-found` */
  async void(id: string, reason: string, actor: string): Promise<void> {
    await this.#changes.make(actor, async (tx) => {
      const { post, custodian, kind, from, to, basis } = await this.#require(tx, id);
      const before = { post: post.id, custodian: custodian.id, kind, from, to, basis };
      return { fact: { action: "holding.void", detail: { id, before, reason } }, result: undefined };
    });
  }

  async #require(tx: Tx, id: string): Promise<Held> {
    const [row] = await tx.query<HeldRow>(`${HELD} WHERE h.id = $1`, [id]);
    if (!row) throw new RecordsError("not-found", "there is no such holding");
    return heldOf(row, this.#cells);
  }
}

/** @throws {RecordsError} `bad-request` */
export function requireOrder({ from, to }: Span): void {
  if (to !== null && to <= from) throw new RecordsError("bad-request", "an interval ends after it begins");
}

/** Says in words what the tables' own constraints refuse. @throws {RecordsError} `conflict` */
export async function requireFree(
  tx: Tx,
  of: HoldingDetail & { readonly post: string; readonly custodian: string; readonly id: string | null },
): Promise<void> {
  const { post, custodian, id, from, to, kind } = of;
  const [other] = await tx.query<{ same: boolean }>(
    `SELECT custodian = $2 AS same FROM records.holding
     WHERE post = $1 AND ($3::uuid IS NULL OR id <> $3) AND valid && tstzrange($4, $5)
       AND (custodian = $2 OR (kind <> 'acting' AND $6 <> 'acting' AND NOT (kind = 'job-share' AND $6 = 'job-share')))
     ORDER BY same DESC LIMIT 1`,
    [post, custodian, id, from, to, kind],
  );
  if (!other) return;
  throw new RecordsError(
    "conflict",
    other.same
      ? "they hold that post within that time already"
      : "somebody else holds that post then: only those who share it hold it at once",
  );
}
