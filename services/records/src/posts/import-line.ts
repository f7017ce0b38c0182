import { randomUUID } from "node:crypto";
import { method, type Method, type Network } from "@daybook/contract";
import type { z } from "zod";
import { type Cells, foldName } from "../cells.ts";
import type { Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import { useDetail } from "./devices.ts";
import { when } from "./fields.ts";
import { requireFree } from "./holdings.ts";
import type { Column, ImportLine } from "./import-file.ts";
import { accountNetwork, holdingKind, type IMPORTED, ownership, postGroup } from "./post-facts.ts";
import type { Span } from "./spans.ts";

/** How each network is captured, where a line does not say. */
const METHODS: Readonly<Partial<Record<Network, Method>>> = {
  whatsapp: "linked-device",
  signal: "linked-device",
  sms: "carrier",
  imessage: "device-agent",
  telegram: "linked-device",
  email: "journal",
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A line says what cannot be. The message quotes nothing of it. */
export class LineError extends Error {
  override readonly name = "LineError";
  readonly column: Column | null;

  constructor(column: Column | null, message: string) {
    super(message);
    this.column = column;
  }
}

export type ImportedAction = (typeof IMPORTED)[number];

/** What reading a line stands on. */
export interface LineContext {
  readonly tx: Tx;
  readonly cells: Cells;
  readonly zone: string;
  readonly reason: string;
  /** Makes it so at once, so that the next line sees it. */
  readonly make: (action: ImportedAction, detail: Record<string, unknown> & { id: string }) => Promise<void>;
}

/**
 * Makes of one line what it says and what is not so yet: who it is, a post that they hold, an account that is theirs, and
 * a device that it is on.
 *
 * @throws {LineError}; {RecordsError} `unavailable`
 */
export async function takeLine({ cells: line }: ImportLine, context: LineContext): Promise<void> {
  const { make, reason } = context;
  const read = reader(line, context.zone);
  const custodian = await person(line.name as string, context);
  if (line.post !== undefined) {
    const from = read.needed("post_from", "from when do they hold the post?");
    const held = { from, to: read.time("post_to") ?? null };
    requireAfter(held, "post_to");
    const kind = read.one("kind", holdingKind) ?? "substantive";
    const post = await postOf(line, read, context);
    const [same] = await context.tx.query(
      `SELECT FROM records.holding WHERE post = $1 AND custodian = $2 AND kind = $3 AND valid = tstzrange($4, $5)`,
      [post, custodian, kind, held.from, held.to],
    );
    if (!same) {
      const free = { ...held, kind, post, custodian, id: null, basis: null };
      await requireFree(context.tx, free).catch(inColumn("post_from"));
      const detail = { post, custodian, kind, ...held, basis: line.basis ?? null };
      await make("holding.add", { ...detail, id: randomUUID(), reason });
    }
  } else refuseWithout(line, "post", ["unit", "group", "kind", "post_from", "post_to", "basis"]);

  const number = line.number;
  if (number === undefined) {
    refuseWithout(line, "number", ["network", "method", "account_from", "account_to", "device"]);
    refuseWithout(line, "device", ["ownership", "device_from", "device_to"]);
    return;
  }
  const network = read.one("network", accountNetwork);
  if (!network) throw new LineError("network", "is empty: which network is the number on?");
  const from = read.needed("account_from", "from when is the account theirs?");
  const owned = { from, to: read.time("account_to") ?? null };
  requireAfter(owned, "account_to");
  const by = read.one("method", method.exclude(["internal"])) ?? METHODS[network] ?? "linked-device";
  const account = await accountOf({ network, method: by, identifier: number, custodian, ...owned }, context);
  if (line.device === undefined) {
    refuseWithout(line, "device", ["ownership", "device_from", "device_to"]);
    return;
  }
  const used = { from: read.time("device_from") ?? owned.from, to: read.time("device_to") ?? owned.to };
  requireAfter(used, "device_to");
  const device = await deviceOf(line.device, read.one("ownership", ownership), context);
  const detail = await useDetail(context.tx, "device.use", { id: device, account, ...used }, reason).catch(
    inColumn("device_from"),
  );
  if (detail) await make("device.use", detail);
}

async function person(named: string, { tx, cells, make }: LineContext): Promise<string> {
  if (named.length > 512 || foldName(named) === "") throw new LineError("name", "is no name");
  if (UUID.test(named)) {
    const [known] = await tx.query("SELECT FROM records.custodian WHERE id = $1", [named]);
    if (!known) throw new LineError("name", "is an id that nobody has");
    return named;
  }
  const rows = await tx.query<{ id: string }>(
    "SELECT id FROM records.custodian WHERE name_key = $1 LIMIT 2",
    [cells.lookup("custodian", foldName(named))],
  );
  if (rows.length > 1) throw new LineError("name", "fits more than one custodian: give the id instead");
  if (rows[0]) return rows[0].id;
  const id = randomUUID();
  await make("custodian.add", { id, name: named });
  return id;
}

async function postOf(line: ImportLine["cells"], read: Reader, context: LineContext): Promise<string> {
  const { tx, cells, make, reason } = context;
  const title = line.post as string;
  if (title.length > 512) throw new LineError("post", "is longer than 512 characters");
  const group = read.one("group", postGroup);
  const rows = await tx.query<{ id: string; group: string }>(
    `SELECT id, "group" FROM records.post WHERE title_key = $1 OR id::text = $2 LIMIT 2`,
    [cells.lookup("post", foldName(title)), title],
  );
  if (rows.length > 1) throw new LineError("post", "fits more than one post: give the id instead");
  const [known] = rows;
  if (known && group !== undefined && group !== known.group)
    throw new LineError("group", "is not that of the post as it is known: change the post first");
  if (known) return known.id;
  const id = randomUUID();
  const unit = line.unit?.slice(0, 512) ?? null;
  await make("post.add", { id, title, unit, group: group ?? "staff", capstone: false, reason });
  return id;
}

async function accountOf(
  of: Span & { network: Network; method: Method; identifier: string; custodian: string },
  { tx, cells, make, reason }: LineContext,
): Promise<string> {
  const { network, method: by, identifier, custodian, from, to } = of;
  if (identifier.length > 512) throw new LineError("number", "is longer than 512 characters");
  const [known] = await tx.query<{ id: string; theirs: boolean }>(
    `SELECT a.id, coalesce((SELECT range_agg(l.valid) @> tstzrange($5, $6) FROM records.account_link l
       WHERE l.account = a.id AND l.custodian = $4), false) AS theirs
     FROM records.account a WHERE a.network = $1 AND a.method = $2 AND a.identifier_key = $3`,
    [network, by, cells.lookup("identifier", network, identifier), custodian, from, to],
  );
  if (known && !known.theirs)
    throw new LineError(
      "number",
      "is an account that is not theirs for all of that time: move or correct it first",
    );
  if (known) return known.id;
  const id = randomUUID();
  await make("account.add", { id, network, method: by, identifier, custodian, from, to, reason });
  return id;
}

async function deviceOf(
  label: string,
  owned: z.infer<typeof ownership> | undefined,
  { tx, cells, make, reason }: LineContext,
): Promise<string> {
  if (label.length > 256) throw new LineError("device", "is longer than 256 characters");
  const [known] = await tx.query<{ id: string; ownership: string }>(
    "SELECT id, ownership FROM records.device WHERE label_key = $1",
    [cells.lookup("device", foldName(label))],
  );
  if (known && owned !== undefined && owned !== known.ownership)
    throw new LineError("ownership", "is not that of the device as it is known: change the device first");
  if (known) return known.id;
  const id = randomUUID();
  const detail = { id, label, ownership: owned ?? "corporate", mode: null, source: null, reason };
  await make("device.add", detail);
  return id;
}

interface Reader {
  time(column: Column): string | undefined;
  needed(column: Column, question: string): string;
  one<T extends string>(column: Column, schema: z.ZodEnum<{ [K in T]: K }>): T | undefined;
}

function reader(line: ImportLine["cells"], zone: string): Reader {
  const schema = when(zone);
  const time = (column: Column) => {
    const cell = line[column];
    if (cell === undefined) return undefined;
    const parsed = schema.safeParse(cell);
    if (!parsed.success)
      throw new LineError(column, "is no date: 2026-03-04, or 2026-03-04T09:00:00Z, and none before 1970");
    return parsed.data;
  };
  return {
    time,
    needed(column, question) {
      const found = time(column);
      if (found === undefined) throw new LineError(column, `is empty: ${question}`);
      return found;
    },
    one(column, choices) {
      const cell = line[column];
      if (cell === undefined) return undefined;
      const parsed = choices.safeParse(cell.toLowerCase().replaceAll(/\s+/g, "-"));
      if (!parsed.success) throw new LineError(column, `is none of ${choices.options.join(", ")}`);
      return parsed.data;
    },
  };
}

function requireAfter({ from, to }: Span, column: Column): void {
  if (to !== null && to <= from) throw new LineError(column, "is not after the beginning");
}

function refuseWithout(line: ImportLine["cells"], needed: Column, columns: readonly Column[]): void {
  const stray = columns.find((column) => line[column] !== undefined);
  if (stray) throw new LineError(stray, `says something of a ${needed}, and there is none on the line`);
}

function inColumn(column: Column): (error: unknown) => never {
  return (error) => {
    if (error instanceof RecordsError && error.code === "conflict")
      throw new LineError(column, error.message);
    throw error;
  };
}
