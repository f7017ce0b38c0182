import { randomUUID } from "node:crypto";
import { type Cells, foldName } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { type Order, type Page, type PageRequest, readPage } from "../paging.ts";
import { requireOrder } from "./holdings.ts";
import { postPlaces as PLACES } from "./places.ts";
import type { DeviceDetail } from "./post-facts.ts";
import { type Span, spansOf } from "./spans.ts";

/** What accounts run on. */
export interface Device extends DeviceDetail {
  readonly id: string;
  readonly addedAt: string;
}

/** That an account was on a device. */
export interface DeviceUse extends Span {
  readonly account: string;
  readonly device: string;
}

interface DeviceRow {
  readonly id: string;
  readonly label: Buffer;
  readonly ownership: DeviceDetail["ownership"];
  readonly mode: string | null;
  readonly source: Buffer | null;
  readonly added_at: Date;
}

const MAX_USES = 1_000;
const SELECT = "SELECT id, label, ownership, mode, source, added_at FROM records.device";
const OLDEST_FIRST: Order<DeviceRow> = {
  list: "devices",
  newestFirst: false,
  columns: [
    { sql: "added_at", type: "timestamptz", of: (row) => row.added_at },
    { sql: "id", type: "uuid", of: (row) => row.id },
  ],
};

/** Devices, and which accounts were on them when: never while the account was nobody's. */
export class Devices {
  readonly #database: Database;
  readonly #changes: Changes;
  readonly #cells: Cells;

  constructor(of: { database: Database; changes: Changes; cells: Cells }) {
    this.#database = of.database;
    this.#changes = of.changes;
    this.#cells = of.cells;
  }

  /** In the order they were added. */
  async list(request: PageRequest): Promise<Page<Device>> {
    const { entries, next } = await readPage(this.#database, SELECT, OLDEST_FIRST, request);
    return { entries: entries.map((row) => this.#device(row)), next };
  }

  /** @throws {RecordsError} `not-found` */
  get(id: string): Promise<Device> {
    return this.#require(this.#database, id);
  }

  /** @throws {RecordsError} `conflict`: a device of that label is there */
  async add(detail: DeviceDetail, reason: string, actor: string): Promise<Device> {
    const made = await this.#changes.make(actor, async (tx) => {
      const id = randomUUID();
      await this.#requireFree(tx, detail.label, id);
      return { fact: { action: "device.add", detail: { ...detail, id, reason } }, result: id };
    });
    return this.get(made);
  }

  /** Repeating it is harmless. @throws {RecordsError} `not-found`, `conflict` */
  async change(id: string, to: Partial<DeviceDetail>, reason: string, actor: string): Promise<Device> {
    await this.#changes.make(actor, async (tx) => {
      const { id: _, addedAt: __, ...before } = await this.#require(tx, id);
      const after = { ...before, ...to };
      if (JSON.stringify(after) === JSON.stringify(before)) return { result: undefined };
      await this.#requireFree(tx, after.label, id);
      return { fact: { action: "device.change", detail: { id, before, after, reason } }, result: undefined };
    });
    return this.get(id);
  }

  /** Which accounts were on a device, or on which devices accounts were, oldest first: no more than 1,000. */
  async uses(of: { device: string } | { accounts: readonly string[] }): Promise<DeviceUse[]> {
    const [column, value] = "device" in of ? ["device", [of.device]] : ["account", of.accounts];
    const rows = await this.#database.query<{ account: string; device: string; from: Date; to: Date | null }>(
      `SELECT account, device, lower(valid) AS from, upper(valid) AS to FROM records.device_use
       WHERE ${column} = ANY ($1::uuid[]) ORDER BY valid, account, device LIMIT ${MAX_USES}`,
      [value],
    );
    return rows.map(({ from, to, ...use }) => ({
      ...use,
      from: from.toISOString(),
      to: to && to.toISOString(),
    }));
  }

  /**
   * An account is on a device within an interval. What adjoins becomes one; repeating it is harmless.
   *
   * @throws {RecordsError} `not-found`; `conflict`: the account is nobody's for some of it
   */
  use(device: string, account: string, span: Span, reason: string, actor: string): Promise<void> {
    return this.#say("device.use", device, account, span, reason, actor);
  }

  /** An account is not on a device within an interval: what lies across its ends is split. Repeating it is harmless. */
  release(device: string, account: string, span: Span, reason: string, actor: string): Promise<void> {
    return this.#say("device.release", device, account, span, reason, actor);
  }

  async #say(
    action: "device.use" | "device.release",
    id: string,
    account: string,
    span: Span,
    reason: string,
    actor: string,
  ): Promise<void> {
    requireOrder(span);
    await this.#changes.make(actor, async (tx) => {
      await this.#require(tx, id);
      const detail = await useDetail(tx, action, { id, account, ...span }, reason);
      return detail ? { fact: { action, detail }, result: undefined } : { result: undefined };
    });
  }

  async #requireFree(tx: Tx, label: string, id: string): Promise<void> {
    const [taken] = await tx.query("SELECT FROM records.device WHERE label_key = $1 AND id <> $2", [
      this.#cells.lookup("device", foldName(label)),
      id,
    ]);
    if (taken) throw new RecordsError("conflict", "a device of that name exists: names tell devices apart");
  }

  async #require(tx: Tx, id: string): Promise<Device> {
    const [row] = await tx.query<DeviceRow>(`${SELECT} WHERE id = $1`, [id]);
    if (!row) throw new RecordsError("not-found", "there is no such device");
    return this.#device(row);
  }

  #device({ id, label, ownership, mode, source, added_at }: DeviceRow): Device {
    return {
      id,
      label: this.#cells.open(PLACES.device(id), label),
      ownership,
      mode,
      source: source && this.#cells.open(PLACES.deviceSource(id), source),
      addedAt: added_at.toISOString(),
    };
  }
}

/**
 * What to say of an account that comes onto a device, or off it; undefined where it is so already.
 *
 * @throws {RecordsError} `not-found`, `conflict`
 */
export async function useDetail(
  tx: Tx,
  action: "device.use" | "device.release",
  { id, account, from, to }: Span & { readonly id: string; readonly account: string },
  reason: string,
) {
  if (action === "device.use") await requireLinked(tx, account, { from, to });
  const before = (await spansOf(tx, "device_use", account, { only: id })).map(withoutValue);
  const rows = await tx.query<{ from: Date; to: Date | null }>(
    `WITH u AS (SELECT range_agg(valid) AS every FROM records.device_use WHERE account = $1 AND device = $2)
     SELECT lower(piece) AS from, upper(piece) AS to FROM u, unnest(
       coalesce(u.every, '{}') ${action === "device.use" ? "+" : "-"} tstzmultirange(tstzrange($3, $4))) piece ORDER BY piece`,
    [account, id, from, to],
  );
  const after = rows.map((row) => ({ from: row.from.toISOString(), to: row.to && row.to.toISOString() }));
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
  return { id, account, from, to, before, after, reason };
}

/** Says in words what the foreign key refuses. @throws {RecordsError} `not-found`, `conflict` */
export async function requireLinked(tx: Tx, account: string, { from, to }: Span): Promise<void> {
  const [row] = await tx.query<{ whole: boolean }>(
    `SELECT coalesce((SELECT range_agg(valid) @> tstzrange($2, $3) FROM records.account_link WHERE account = $1), false)
       AS whole FROM records.account WHERE id = $1`,
    [account, from, to],
  );
  if (!row) throw new RecordsError("not-found", "there is no such account");
  if (!row.whole)
    throw new RecordsError("conflict", "the account is nobody's for some of that time: link it first");
}

function withoutValue({ from, to }: Span): { from: string; to: string | null } {
  return { from, to };
}
