import type { CatalogueReader } from "@daybook/catalogue";
import type { Network } from "@daybook/contract";
import { PLACES } from "../apply.ts";
import type { Cells } from "../cells.ts";
import type { Database } from "../database.ts";
import { RecordsError } from "../error.ts";
import { localDay } from "../posts/local-day.ts";
import type { AccountName, Listening, Timeline } from "./listening.ts";
import type { LinkState } from "./timeline.ts";

/** An account that somebody has, and how it does. */
export interface AccountHealth extends AccountName {
  readonly custodian: { readonly id: string; readonly name: string };
  /** Messages within the last seven days. */
  readonly messages: number;
  /** How it stood last, and until when that is known; null where nothing was said for thirty days. */
  readonly last: { readonly state: LinkState; readonly until: string } | null;
}

export interface DayVolume {
  readonly day: string;
  readonly network: Network;
  readonly messages: number;
}

interface AccountRow {
  readonly id: string;
  readonly network: Network;
  readonly identifier: Buffer | null;
  readonly custodian: string;
  readonly name: Buffer;
}

/** Accounts that one page tells of, and that volumes are told apart by. */
export const MAX_PAGE_ACCOUNTS = 50;
const MAX_NAMED = 20_000;
const DAY_MS = 86_400_000;
const RECENT_DAYS = 7;
const SEEN_DAYS = 30;

/** How accounts do: figures and intervals, and no content. */
export class Health {
  readonly #database: Database;
  readonly #cells: Cells;
  readonly #catalogue: Pick<CatalogueReader, "volumes" | "accountKey">;
  readonly #listening: Listening;
  readonly #zone: string;
  readonly #now: () => Date;

  constructor(of: {
    database: Database;
    cells: Cells;
    catalogue: Pick<CatalogueReader, "volumes" | "accountKey">;
    listening: Listening;
    zone: string;
    now: () => Date;
  }) {
    this.#database = of.database;
    this.#cells = of.cells;
    this.#catalogue = of.catalogue;
    this.#listening = of.listening;
    this.#zone = of.zone;
    this.#now = of.now;
  }

  /** Accounts that are somebody's now, by their ids. @param after id of the last of the page before */
  async accounts(
    after: string | undefined,
    limit: number,
  ): Promise<{ accounts: AccountHealth[]; next: string | null }> {
    const now = this.#now();
    const rows = await this.#database.query<AccountRow>(
      `SELECT a.id, a.network, a.identifier, l.custodian, c.name FROM records.account a
       JOIN records.account_link l ON l.account = a.id AND l.valid @> $1::timestamptz
       JOIN records.custodian c ON c.id = l.custodian WHERE $2::uuid IS NULL OR a.id > $2 ORDER BY a.id LIMIT $3`,
      [now.toISOString(), after ?? null, limit + 1],
    );
    const page = rows.slice(0, limit);
    const volumes = await this.#catalogue.volumes({
      from: daysBefore(now, RECENT_DAYS),
      to: now.toISOString(),
      zone: this.#zone,
    });
    const messages = new Map<string, number>();
    for (const one of volumes) messages.set(one.account, (messages.get(one.account) ?? 0) + one.messages);
    const accounts: AccountHealth[] = [];
    for (const row of page) {
      const name = this.#nameOf(row);
      accounts.push({
        ...name,
        custodian: {
          id: row.custodian,
          name: this.#cells.open(PLACES.custodian(row.custodian), row.name),
        },
        messages: messages.get(this.#keyOf(name)) ?? 0,
        last: lastOf(
          await this.#listening.timeline(name, { from: daysBefore(now, SEEN_DAYS), to: now.toISOString() }),
        ),
      });
    }
    return { accounts, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
  }

  /** @throws {RecordsError} `not-found` */
  async account(id: string): Promise<AccountName> {
    const [row] = await this.#database.query<Pick<AccountRow, "id" | "network" | "identifier">>(
      "SELECT id, network, identifier FROM records.account WHERE id = $1",
      [id],
    );
    if (!row) throw new RecordsError("not-found", "there is no such account");
    return this.#nameOf(row);
  }

  /** Messages a day and network, of all accounts or of one: days are days where the body is, those without any too. */
  async volumes(of: { from: string; to: string; account: string | undefined }): Promise<DayVolume[]> {
    const account = of.account === undefined ? undefined : await this.account(of.account);
    const key = account && this.#keyOf(account);
    const volumes = await this.#catalogue.volumes({ from: of.from, to: of.to, zone: this.#zone });
    const sums = new Map<Network, Map<string, number>>();
    if (account) sums.set(account.network, new Map());
    for (const { day, network, account: by, messages } of volumes) {
      if (key !== undefined && by !== key) continue;
      const days = sums.get(network) ?? new Map<string, number>();
      days.set(day, (days.get(day) ?? 0) + messages);
      sums.set(network, days);
    }
    const days = daysOf(of, this.#zone);
    return [...sums].flatMap(([network, by]) =>
      days.map((day) => ({ day, network, messages: by.get(day) ?? 0 })),
    );
  }

  /** The registry's ids, by what the catalogue calls an account. */
  async named(): Promise<Map<string, string>> {
    const rows = await this.#database.query<Pick<AccountRow, "id" | "network" | "identifier">>(
      `SELECT id, network, identifier FROM records.account ORDER BY added_at, id LIMIT ${MAX_NAMED}`,
    );
    return new Map(rows.map((row) => [this.#keyOf(this.#nameOf(row)), row.id]));
  }

  #nameOf({ id, network, identifier }: Pick<AccountRow, "id" | "network" | "identifier">): AccountName {
    return {
      id,
      network,
      identifier: identifier && this.#cells.open(PLACES.identifier(id), identifier),
    };
  }

  #keyOf({ id, network, identifier }: AccountName): string {
    return this.#catalogue.accountKey(network, identifier ?? id);
  }
}

function lastOf({ stretches }: Timeline): AccountHealth["last"] {
  const last = stretches.findLast(({ state }) => state !== "unknown");
  return last ? { state: last.state, until: last.to } : null;
}

function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * DAY_MS).toISOString();
}

/** Every day that a period touches, in order. */
function daysOf({ from, to }: { from: string; to: string }, zone: string): string[] {
  const days: string[] = [];
  const last = localDay(new Date(Date.parse(to) - 1), zone);
  for (let day = localDay(new Date(from), zone); day <= last; day = dayAfter(day)) days.push(day);
  return days;
}

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) + DAY_MS).toISOString().slice(0, 10);
}
