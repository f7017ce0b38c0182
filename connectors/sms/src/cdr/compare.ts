import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { Captured } from "@daybook/contract";
import { missingOf, rowsAsEvidence, type ScopedSink } from "@daybook/keeping";
import { CONNECTOR } from "../options.ts";
import type { Numbers } from "../reading/sides.ts";
import { COMPARED_MS, type Direction, HOUR_MS, hourOf, type Noted } from "./noted.ts";
import { CdrRefusal } from "./options.ts";
import type { CdrRow } from "./rows.ts";

/** Between the aggregator's clock and ours, and while a message is on its way. */
const NEAR_MS = 5 * 60_000;
/** Of official numbers, in one file. */
const MAX_ROWS = 200_000;
/** Of those rows, as they are held. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
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
  /** What scope leaves out is missed by nobody. */
  readonly excludes?: ScopedSink["excludes"];
}

interface Row extends Pick<CdrRow, "at"> {
  readonly account: string;
  readonly direction: Direction;
  /** `Said`: JSON, in bytes of its own. */
  readonly said: Buffer;
}

/** What a row says, the last being the evidence. */
type Said = readonly [from: string, to: string, fields: CdrRow["fields"]];

export interface ComparedFile {
  /** What the file has of official numbers and did not pass, by number and hour of UTC. */
  readonly gaps: readonly Captured[];
  /** Rows that were compared, and those that are of other numbers, older, or told of before. */
  readonly messages: number;
  readonly others: number;
}

/**
 * Compares a file with what passed.
 *
 * @param digest of the file, SHA-256: called once all its rows are read
 * @throws {CdrRefusal} nothing is known by the file
 */
export async function compareCdr(
  rows: AsyncIterable<CdrRow>,
  digest: () => string,
  options: CompareCdrOptions,
): Promise<ComparedFile> {
  const { all, others, lastAt } = await ownRows(rows, options);
  const missing = new Set<Row>();
  for (const of of Map.groupBy(all, ({ account, direction }) => `${account} ${direction}`).values()) {
    for (const row of unmatched(of, lastAt, options)) missing.add(row);
    // What is noted of many numbers takes a while to read: messages come meanwhile.
    await turn();
  }
  const hours = Map.groupBy(all, ({ account, at }) => JSON.stringify([account, hourOf(at)]));
  const gaps: Captured[] = [];
  for (const of of hours.values()) gaps.push(...(await gapsOf(of, missing, digest(), options)));
  return { gaps, messages: all.length, others };
}

async function ownRows(
  rows: AsyncIterable<CdrRow>,
  options: CompareCdrOptions,
): Promise<{ all: Row[]; others: number; /** Of any row. */ lastAt: number }> {
  const { numbers, own, now } = options;
  const since = Math.max(options.since, now - COMPARED_MS);
  const all: Row[] = [];
  const ids = new Set<string>();
  let [heldBytes, others, lastAt] = [0, 0, 0];
  for await (const { from, to, at, id, fields } of rows) {
    if (at > now + NEAR_MS) throw new CdrRefusal("it has a time that is still to come: look at its zone");
    lastAt = Math.max(lastAt, at);
    const { account, direction } = numbers.sides(addressOf(from), addressOf(to), at);
    // In a string of its own: what is cut from a text holds all of it.
    const once = id ? JSON.stringify(id) : undefined;
    if (!own.has(account) || at < since || (once !== undefined && ids.has(once))) {
      others += 1;
      continue;
    }
    const said = Buffer.from(JSON.stringify([from, to, fields] satisfies Said));
    heldBytes += said.length;
    if (all.length >= MAX_ROWS)
      throw new CdrRefusal(`it has more than ${MAX_ROWS} messages of these numbers`);
    if (heldBytes > MAX_HELD_BYTES) throw new CdrRefusal("it has more than 64 MiB of these numbers");
    if (once !== undefined) ids.add(once);
    const way = direction === "outgoing" ? "outgoing" : "incoming";
    all.push({ at, said, account, direction: way });
  }
  return { all: all.sort((a, b) => a.at - b.at), others, lastAt };
}

function addressOf(written: string) {
  return { ton: UNKNOWN_TYPE, npi: 0, address: written };
}

/**
 * Each by what passed about then, then by what passed later and is no other's: while the file goes on, for what passed after it may be
 * the next one's.
 *
 * @param rows of one number and direction
 */
function unmatched(rows: readonly Row[], lastAt: number, { noted, keepsMs }: CompareCdrOptions): Row[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return [];
  const between = (from: number, to: number) => noted.between(first.account, first.direction, from, to);
  const end = last.at + NEAR_MS;
  const near = match(rows, between(first.at - NEAR_MS, end), { beforeMs: NEAR_MS, afterMs: NEAR_MS });
  if (near.rows.length === 0) return [];
  const later = between(end + 1, Math.min(last.at + keepsMs, lastAt + NEAR_MS));
  return match(near.rows, [...near.passed, ...later], { beforeMs: 0, afterMs: keepsMs }).rows;
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

async function gapsOf(
  rows: readonly Row[],
  missing: ReadonlySet<Row>,
  file: string,
  { numbers, excludes }: CompareCdrOptions,
): Promise<Captured[]> {
  const lost: Row[] = [];
  const fields: unknown[] = [];
  let left = 0;
  for (const row of rows.filter((one) => missing.has(one))) {
    const [from, to, evidence] = JSON.parse(row.said.toString()) as Said;
    const sides = numbers.sides(addressOf(from), addressOf(to), row.at);
    if (await excludes?.({ network: "sms", ...sides })) left += 1;
    else {
      lost.push(row);
      fields.push(evidence);
    }
  }
  const [first] = lost;
  if (!first) return [];
  const { account, at } = first;
  const custodian = numbers.custodianOf(account, at);
  const from = hourOf(at);
  const gap = missingOf({
    about: {
      ...{ network: "sms", method: "carrier", account, connector: CONNECTOR },
      ...(custodian && { custodian }),
    },
    ...{ from: new Date(from), to: new Date(from + HOUR_MS) },
    ...{ theirs: rows.length - left, ours: rows.length - left - lost.length },
    answer: rowsAsEvidence(fields, { file: `sha256:${file}` }),
  });
  if (!gap) return [];
  // Of one hour there may be several files, and as many are missing in each.
  const stable = createHash("sha256").update(gap.stableDigest);
  for (const { said } of lost) stable.update(said);
  return [{ ...gap, stableDigest: stable.digest("hex") }];
}
