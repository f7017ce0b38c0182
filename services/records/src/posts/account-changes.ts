import { randomUUID } from "node:crypto";
import type { Method, Network } from "@daybook/contract";
import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { Registry } from "../registry.ts";
import { requireOrder } from "./holdings.ts";
import { type Span, spansOf } from "./spans.ts";

/** An account, with everybody it belonged to, oldest first. */
export interface AccountHistory {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  readonly identifier: string | null;
  readonly addedAt: string;
  readonly links: readonly (Span & { readonly custodian: { readonly id: string; readonly name: string } })[];
}

export interface NewAccount extends Span {
  readonly network: Network;
  readonly method: Method;
  readonly identifier: string;
  /** Name or id. */
  readonly custodian: string;
}

interface AccountRow {
  readonly id: string;
  readonly network: Network;
  readonly method: Method;
  readonly identifier: Buffer | null;
  readonly added_at: Date;
}

/** Accounts as people say whose they were: capture makes and links them by itself, see `Accounts`. */
export class AccountChanges {
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

  /** @throws {RecordsError} `not-found` */
  async get(id: string): Promise<AccountHistory> {
    const [found] = await this.#database.query<AccountRow>(
      "SELECT id, network, method, identifier, added_at FROM records.account WHERE id = $1",
      [id],
    );
    if (!found) throw new RecordsError("not-found", "there is no such account");
    return { ...this.#account(found), links: await this.#links(id) };
  }

  /** Every account that is, was or will be a custodian's, in the order they were added: no more than 200. */
  async of(custodian: string): Promise<AccountHistory[]> {
    const rows = await this.#database.query<AccountRow>(
      `SELECT id, network, method, identifier, added_at FROM records.account WHERE id IN (
         SELECT account FROM records.account_link WHERE custodian = $1) ORDER BY added_at, id LIMIT 200`,
      [custodian],
    );
    return Promise.all(
      rows.map(async (row) => ({ ...this.#account(row), links: await this.#links(row.id) })),
    );
  }

  /** An account that capture does not know yet. @throws {RecordsError} `conflict`: it does; `no-such-custodian` */
  async add(of: NewAccount, reason: string, actor: string): Promise<AccountHistory> {
    requireOrder(of);
    const custodian = (await this.#registry.find(of.custodian)).id;
    const { network, method, identifier, from, to } = of;
    const id = await this.#changes.make(actor, async (tx) => {
      const [taken] = await tx.query(
        "SELECT FROM records.account WHERE network = $1 AND method = $2 AND identifier_key = $3",
        [network, method, this.#cells.lookup("identifier", network, identifier)],
      );
      if (taken)
        throw new RecordsError("conflict", "that account is known: move it, or correct whose it was");
      const made = randomUUID();
      const detail = { id: made, network, method, identifier, custodian, from, to, reason };
      return { fact: { action: "account.add", detail }, result: made };
    });
    return this.get(id);
  }

  /**
   * Says whose an account was within an interval, or that it was nobody's. Outside of it nothing changes. Devices that
   * the account was on are released within it. Records keep the custodian that they were captured for. Repeating it is
   * harmless.
   *
   * @param of.custodian name or id; null for nobody
   * @throws {RecordsError} `not-found`, `no-such-custodian`
   */
  async correct(
    id: string,
    of: Span & { custodian: string | null },
    reason: string,
    actor: string,
  ): Promise<AccountHistory> {
    requireOrder(of);
    const custodian = of.custodian === null ? null : (await this.#registry.find(of.custodian)).id;
    const { from, to } = of;
    await this.#changes.make(actor, async (tx) => {
      const [found] = await tx.query("SELECT FROM records.account WHERE id = $1", [id]);
      if (!found) throw new RecordsError("not-found", "there is no such account");
      const before = (await spansOf(tx, "account_link", id)).map(asLink);
      const within = await coveredBy(tx, id, custodian, of);
      if (within) return { result: undefined };
      const released = (await spansOf(tx, "device_use", id, { within: of })).map(
        ({ value: device, ...span }) => ({ device, ...span }),
      );
      const after = replaced(before, custodian, of);
      const detail = { id, custodian, from, to, before, after, released, reason };
      return { fact: { action: "account.correct", detail }, result: undefined };
    });
    return this.get(id);
  }

  async #links(account: string): Promise<AccountHistory["links"]> {
    const rows = await this.#database.query<{ custodian: string; name: Buffer; from: Date; to: Date | null }>(
      `SELECT l.custodian, c.name, lower(l.valid) AS from, upper(l.valid) AS to FROM records.account_link l
       JOIN records.custodian c ON c.id = l.custodian WHERE l.account = $1 ORDER BY l.valid LIMIT 1000`,
      [account],
    );
    return rows.map(({ custodian, name, from, to }) => ({
      custodian: { id: custodian, name: this.#cells.open(PLACES.custodian(custodian), name) },
      from: from.toISOString(),
      to: to && to.toISOString(),
    }));
  }

  #account({ id, network, method, identifier, added_at }: AccountRow): Omit<AccountHistory, "links"> {
    return {
      id,
      network,
      method,
      identifier: identifier && this.#cells.open(PLACES.identifier(id), identifier),
      addedAt: added_at.toISOString(),
    };
  }
}

type Link = Span & { readonly custodian: string };

function asLink({ value: custodian, from, to }: Span & { value: string }): Link {
  return { custodian, from, to };
}

/** Whether the interval is that custodian's already, or nobody's where it is to be. */
async function coveredBy(tx: Tx, account: string, custodian: string | null, of: Span): Promise<boolean> {
  const [row] = await tx.query<{ same: boolean }>(
    `SELECT CASE WHEN $2::uuid IS NULL
         THEN NOT EXISTS (SELECT FROM records.account_link WHERE account = $1 AND valid && tstzrange($3, $4))
         ELSE coalesce((SELECT range_agg(valid) @> tstzrange($3, $4) FROM records.account_link
                        WHERE account = $1 AND custodian = $2), false) END AS same`,
    [account, custodian, of.from, of.to],
  );
  return row?.same === true;
}

const FOREVER = "9999-12-31T23:59:59.999Z";

/** The links as they are with an interval of them said anew: what adjoins and is one custodian's is one. */
export function replaced(links: readonly Link[], custodian: string | null, { from, to }: Span): Link[] {
  const end = (of: string | null) => of ?? FOREVER;
  const left = links.flatMap((link) => [
    ...(link.from < from ? [{ ...link, to: end(link.to) < from ? link.to : from }] : []),
    ...(to !== null && end(link.to) > to ? [{ ...link, from: link.from > to ? link.from : to }] : []),
  ]);
  const adjoins = (link: Link) => link.custodian === custodian && (link.to === from || link.from === to);
  const said =
    custodian === null
      ? []
      : [
          {
            custodian,
            from: left.find((link) => adjoins(link) && link.to === from)?.from ?? from,
            to: to === null ? null : (left.find((link) => adjoins(link) && link.from === to) ?? { to }).to,
          },
        ];
  return [...left.filter((link) => !adjoins(link)), ...said].sort((a, b) => (a.from < b.from ? -1 : 1));
}
