import type { CatalogueReader, Filters, PartyThen, ReadTexts, RecordRef } from "@daybook/catalogue";
import type { EventKind, Network } from "@daybook/contract";

/** What an export was asked for. */
export interface Wanted {
  readonly words?: string | undefined;
  /** By name or id. */
  readonly custodian?: string | undefined;
  /** Somebody outside, by name or id. */
  readonly participant?: string | undefined;
  readonly conversation?: string | undefined;
  readonly network?: Network | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The same, as the catalogue is asked: the custodian by id, and somebody outside by what networks call them when. */
export interface Selected extends Omit<Wanted, "participant"> {
  readonly parties?: readonly PartyThen[] | undefined;
}

/** Kinds that words select among; the others come with what they are about. */
const WORDED: readonly EventKind[] = ["message", "edit", "notice"];
const EVERYTHING: readonly EventKind[] = [
  "message",
  "edit",
  "delete",
  "reaction",
  "receipt",
  "timer",
  "membership",
  "call",
  "identity",
  "notice",
  "gap",
  "coverage",
];
const LISTENING: readonly EventKind[] = ["gap", "coverage"];
const CHUNK = 5_000;

/** Whether nothing narrows the export. */
export function isWhole(wanted: Selected): boolean {
  return Object.values(wanted).every((value) => value === undefined);
}

/**
 * The records of an export, in the order of the logs, each once: what the filters select; with words or
 * somebody outside, what is about it; gaps and coverage of the same custodian, network and interval; the notices of files that it cites;
 * the matter's own audit.
 *
 * @param certificates ids of audit records that come too, whatever their matter
 */
export async function select(
  reader: CatalogueReader,
  wanted: Selected,
  matter: string,
  texts: ReadTexts,
  certificates: readonly string[] = [],
): Promise<RecordRef[]> {
  const found = new Map<string, RecordRef>();
  const add = (refs: Iterable<RecordRef>) => {
    for (const ref of refs) found.set(ref.id, ref);
  };
  const { words, custodian, parties, network, from, to } = wanted;
  const filters = filtersOf(wanted);
  // What follows a message follows it in every capture of it: another custodian's is not what was asked for.
  const own = custodian === undefined ? reader : reader.within([custodian]);
  const unworded = isWhole(wanted) ? EVERYTHING : EVERYTHING.filter((kind) => !LISTENING.includes(kind));
  if (words === undefined && parties === undefined) {
    for await (const refs of reader.select({ filters: { ...filters, kinds: unworded } })) add(refs);
  } else {
    const search =
      words === undefined
        ? { filters: { ...filters, kinds: unworded } }
        : { words, filters: { ...filters, kinds: WORDED }, texts };
    for await (const refs of reader.select(search)) {
      add(refs);
      for (const chunk of chunks(refs)) add(await own.about(chunk));
      for (const chunk of chunks(refs.filter((ref) => ref.kind === "edit"))) add(await targetsOf(own, chunk));
    }
  }
  if (!isWhole(wanted)) {
    add(
      await reader.listening({
        ...(custodian !== undefined && { custodian }),
        ...(network !== undefined && { network }),
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      }),
    );
    for (const chunk of chunks([...found.values()])) add(await reader.noticesFor(chunk));
  }
  for await (const refs of reader.select({ filters: { kinds: ["audit"], matter } })) add(refs);
  for (const chunk of chunks(certificates)) add(await reader.byIds(chunk));
  return [...found.values()].sort(byPlace);
}

/** Records in the order of reading: by custodian, conversation and time. */
export function inThreads(refs: readonly RecordRef[]): RecordRef[] {
  return refs.toSorted(
    (a, b) =>
      compare(a.keys.custodian ?? "", b.keys.custodian ?? "") ||
      compare(a.keys.conversation ?? "", b.keys.conversation ?? "") ||
      compare(a.at, b.at) ||
      byPlace(a, b),
  );
}

function filtersOf({ custodian, parties, conversation, network, from, to }: Selected): Filters {
  return {
    ...(custodian !== undefined && { custodian }),
    ...(parties !== undefined && { parties }),
    ...(conversation !== undefined && { conversation }),
    ...(network !== undefined && { network }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

/** What edits changed: their targets, without other captures of them. */
async function targetsOf(reader: CatalogueReader, edits: readonly RecordRef[]): Promise<RecordRef[]> {
  const targets = new Set(edits.map((ref) => ref.keys.target));
  return (await reader.named(edits)).filter((ref) => targets.has(ref.keys.networkId));
}

/** In pieces that one look-up takes. */
export function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += CHUNK) yield all.slice(start, start + CHUNK);
}

/** The order of the logs. */
export function byPlace(a: RecordRef, b: RecordRef): number {
  return compare(a.shard, b.shard) || a.index - b.index;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
