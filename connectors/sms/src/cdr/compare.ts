import type { Captured } from "@daybook/contract";
import { missingOf, rowsAsEvidence } from "@daybook/keeping";
import { CONNECTOR } from "../options.ts";
import type { Numbers } from "../reading/sides.ts";
import { COMPARED_MS, type Direction, HOUR_MS, hourOf, type Noted } from "./noted.ts";
import { CdrRefusal } from "./options.ts";
import type { CdrRow } from "./rows.ts";

/** Between the aggregator's clock and ours, and while a message is on its way. */
const NEAR_MS = 5 * 60_000;
/** Of official numbers, in one file. */
const MAX_ROWS = 200_000;
const UNKNOWN_TYPE = 0;

export interface CompareCdrOptions {
  readonly numbers: Numbers;
  /** Those that are compared. */
  readonly own: ReadonlySet<string>;
  readonly noted: Noted;
  /** Since when messages are noted, milliseconds since 1970: what is older is passed over. */
  readonly since: number;
  /** How long the aggregator keeps what it cannot deliver, milliseconds: what it tells of may have come later by that. */
  readonly keepsMs: number;
  readonly now: number;
}

interface Row extends Pick<CdrRow, "at" | "fields"> {
  readonly account: string;
  readonly direction: Direction;
}

/**
 * What a file has of official numbers and did not pass, by number and hour of UTC.
 *
 * @param digest of the file, SHA-256: called once all its rows are read
 * @throws {CdrRefusal} nothing is known by the file
 */
export async function compareCdr(
  rows: AsyncIterable<CdrRow>,
  digest: () => string,
  options: CompareCdrOptions,
): Promise<Captured[]> {
  const all = await ownRows(rows, options);
  const missing = new Set(
    [...Map.groupBy(all, ({ account, direction }) => `${account} ${direction}`).values()].flatMap((of) =>
      unmatched(of, options),
    ),
  );
  const hours = Map.groupBy(all, ({ account, at }) => JSON.stringify([account, hourOf(at)]));
  return [...hours.values()].flatMap((of) => gapOf(of, missing, digest(), options) ?? []);
}

async function ownRows(rows: AsyncIterable<CdrRow>, options: CompareCdrOptions): Promise<Row[]> {
  const { numbers, own, now } = options;
  const since = Math.max(options.since, now - COMPARED_MS);
  const all: Row[] = [];
  const ids = new Set<string>();
  for await (const { from, to, at, id, fields } of rows) {
    if (at > now + NEAR_MS) throw new CdrRefusal("it has a time that is still to come: look at its zone");
    const { account, direction } = numbers.sides(addressOf(from), addressOf(to), at);
    if (!own.has(account) || at < since || (id !== undefined && id !== "" && ids.has(id))) continue;
    if (all.length >= MAX_ROWS)
      throw new CdrRefusal(`it has more than ${MAX_ROWS} messages of these numbers`);
    if (id !== undefined) ids.add(id);
    all.push({ at, fields, account, direction: direction === "outgoing" ? "outgoing" : "incoming" });
  }
  return all.sort((a, b) => a.at - b.at);
}

function addressOf(written: string) {
  return { ton: UNKNOWN_TYPE, npi: 0, address: written };
}

/** Each by what passed about then, then by what passed later and is no other's. @param rows of one number and direction */
function unmatched(rows: readonly Row[], { noted, keepsMs }: CompareCdrOptions): Row[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return [];
  const passed = noted.between(first.account, first.direction, first.at - NEAR_MS, last.at + NEAR_MS);
  const near = match(rows, passed, { beforeMs: NEAR_MS, afterMs: NEAR_MS });
  return match(near.rows, near.passed, { beforeMs: 0, afterMs: keepsMs }).rows;
}

/** What is left over, where each row takes the first that passed in its time. Both are in order. */
function match(
  rows: readonly Row[],
  passed: readonly number[],
  { beforeMs, afterMs }: { readonly beforeMs: number; readonly afterMs: number },
): { rows: Row[]; passed: number[] } {
  const left: { rows: Row[]; passed: number[] } = { rows: [], passed: [] };
  let next = 0;
  const first = () => passed[next] ?? Infinity;
  for (const row of rows) {
    for (; first() < row.at - beforeMs; next += 1) left.passed.push(first());
    if (first() <= row.at + afterMs) next += 1;
    else left.rows.push(row);
  }
  return { rows: left.rows, passed: [...left.passed, ...passed.slice(next)] };
}

function gapOf(
  rows: readonly Row[],
  missing: ReadonlySet<Row>,
  file: string,
  { numbers }: CompareCdrOptions,
): Captured | undefined {
  const [first] = rows;
  const lost = rows.filter((row) => missing.has(row));
  if (!first || lost.length === 0) return undefined;
  const { account, at } = first;
  const custodian = numbers.custodianOf(account, at);
  const from = hourOf(at);
  return missingOf({
    about: {
      ...{ network: "sms", method: "carrier", account, connector: CONNECTOR },
      ...(custodian && { custodian }),
    },
    ...{ from: new Date(from), to: new Date(from + HOUR_MS) },
    ...{ theirs: rows.length, ours: rows.length - lost.length },
    answer: rowsAsEvidence(
      lost.map(({ fields }) => fields),
      { file: `sha256:${file}` },
    ),
  });
}
