import type { ArchiveRecord } from "@daybook/archive-core";
import type { CatalogueReader } from "@daybook/catalogue";
import type { Reading } from "../reading.ts";
import type { SearchedScope } from "./statement-period.ts";

/** An interval in which a link was, or was not, up; or a hole that is known. */
export interface Interval {
  readonly custodian: { readonly id: string; readonly name: string } | null;
  readonly network: string;
  readonly account: string;
  readonly state: "live" | "catching-up" | "down" | "gap";
  readonly from: string;
  readonly to: string;
  /** Of a gap: why it is one, and what is missing. */
  readonly why: string | null;
  readonly about: string | null;
}

export interface Listening {
  /** Each account's, joined where one follows another of the same state; in the order of their beginning. */
  readonly intervals: readonly Interval[];
  /** What scope rules left out, as a count: nothing else of it is known. */
  readonly excluded: number;
  /** Records of gaps and coverage that were read. */
  readonly read: number;
  /** Whether all of them were. */
  readonly whole: boolean;
  /** Where not: of what begins from then on nothing was read. */
  readonly unreadFrom: string | null;
}

/** What one statement reads and names at most. Coverage is recorded once an hour and account. */
export interface ListeningBounds {
  readonly records: number;
  readonly intervals: number;
}
const BOUNDS: ListeningBounds = { records: 250_000, intervals: 10_000 };
/** Records that are held at a time: of the others only the joined intervals are. */
const PAGE = 2_000;

export const NOT_LISTENED: Listening = { intervals: [], excluded: 0, read: 0, whole: true, unreadFrom: null };

/** Whether Daybook was listening, for whom, within what was searched. */
export async function listeningWithin(
  of: {
    readonly catalogue: Pick<CatalogueReader, "listeningPages">;
    readonly reading: Pick<Reading, "open">;
  },
  { from, to, custodians }: SearchedScope,
  bounds = BOUNDS,
): Promise<Listening> {
  const intervals = new Joined();
  let excluded = 0;
  let read = 0;
  const told = (unreadFrom: string | null): Listening => ({
    ...{ intervals: intervals.all, excluded, read, unreadFrom },
    whole: unreadFrom === null,
  });
  const about = { from: from ?? undefined, to: to ?? undefined, custodians: custodians ?? undefined };
  for await (const page of of.catalogue.listeningPages(about, Math.min(PAGE, bounds.records))) {
    const first = page[0]?.span?.from ?? null;
    if (read + page.length > bounds.records || intervals.all.length > bounds.intervals) return told(first);
    for (const record of await of.reading.open(page)) {
      if (record === undefined) continue;
      excluded += record.coverage?.excluded ?? 0;
      const interval = intervalOf(record);
      if (interval) intervals.add(interval);
    }
    read += page.length;
  }
  return told(null);
}

/** How long nobody listened, in milliseconds, by what is known: overlapping intervals count once. */
export function blindMs(intervals: readonly Interval[]): number {
  const blind = intervals
    .filter(({ state }) => state === "down" || state === "gap")
    .map(({ account, network, from, to }) => ({ key: `${network}/${account}`, from, to }))
    .sort((a, b) => (a.key === b.key ? compare(a.from, b.from) : compare(a.key, b.key)));
  let sum = 0;
  let last: { key: string; to: string } | undefined;
  for (const { key, from, to } of blind) {
    const start = last?.key === key && last.to > from ? last.to : from;
    if (to > start) sum += Date.parse(to) - Date.parse(start);
    last = last?.key === key && last.to > to ? last : { key, to };
  }
  return sum;
}

function intervalOf(record: ArchiveRecord): Interval | undefined {
  const { custodian, network, account, coverage, gap, capturedAt } = record;
  const who = { custodian: custodian ? { id: custodian.id, name: custodian.name } : null, network, account };
  if (coverage) {
    const { state, from, to } = coverage;
    return { ...who, state, from, to, why: null, about: null };
  }
  if (!gap) return undefined;
  const from = gap.from ?? gap.to ?? capturedAt;
  return { ...who, state: "gap", from, to: gap.to ?? from, why: gap.why, about: gap.about ?? null };
}

/** Intervals that are joined as they come, in the order of their beginning. */
class Joined {
  readonly all: Interval[] = [];
  /** The last of each link and state, by its place among all. */
  readonly #last = new Map<string, number>();

  add(one: Interval): void {
    const key = JSON.stringify([one.network, one.account, one.custodian?.id, one.state]);
    const at = one.state === "gap" ? undefined : this.#last.get(key);
    const before = at === undefined ? undefined : this.all[at];
    if (at !== undefined && before && one.from <= before.to) {
      this.all[at] = { ...before, to: one.to > before.to ? one.to : before.to };
      return;
    }
    this.#last.set(key, this.all.length);
    this.all.push(one);
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
