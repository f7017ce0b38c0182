import { formatClock, formatDay } from "../format.ts";
import { type Piece, pieces } from "../searching/shown.ts";
import type { Entry, Said } from "./answers.ts";
import { kept, queryOf, type Where } from "./way-back.ts";

/** A time in words, and as a machine reads it. */
export interface When {
  readonly day: string;
  readonly clock: string;
  /** As the source has it, RFC 3339, without a zone where it has none. */
  readonly iso: string;
  /** Which clock it is of. */
  readonly of: string;
}

type Shown<S extends Said> = S & { readonly when: When; readonly pieces: readonly Piece[] };

/** An entry as the thread shows it. */
export type ShownEntry = Shown<Omit<Entry, "edits" | "deletions" | "reactions" | "receipts">> &
  Record<"edits" | "deletions" | "reactions" | "receipts", readonly Shown<Said>[]> & {
    /** What is about it and is not shown with it. */
    readonly further: number;
    /** Ids of what is in the matter's selection: the record, and what is about it. */
    readonly chosen: readonly string[];
    /** A query string: tells pages of its records the way back to it. */
    readonly way: string;
    /** Leads to other entries, by `around`: what such a link says besides. */
    readonly besides: string;
  };

interface PageOf {
  readonly key: string;
  readonly where: Where;
}

/** One day of a thread. */
export interface ShownDay {
  readonly heading: string;
  /** As the search of a day names it: UTC, or the wall clock's. */
  readonly day: string;
  readonly entries: readonly ShownEntry[];
}

/** Times are shown as clocks of the body's zone have them; what a source without a zone says is shown as it stands. */
export function whenOf(at: string, clock: string): When {
  // Read as UTC and shown as UTC, a wall clock comes out as it went in.
  if (clock === "source")
    return { day: wallDay.format(new Date(`${at}Z`)), clock: wallClock(at), iso: at, of: clock };
  return { day: formatDay(at), clock: formatClock(at), iso: at, of: clock };
}

const wallDay = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});
const wallTime = new Intl.DateTimeFormat("en-GB", {
  hour: "numeric",
  minute: "2-digit",
  hour12: true,
  timeZone: "UTC",
});

function wallClock(at: string): string {
  return wallTime
    .format(new Date(`${at}Z`))
    .replace(/\s/g, "")
    .toLowerCase();
}

/** The entries of a page by the days on which they are shown. @param page of which conversation, and where in it */
export function daysOf(entries: readonly Entry[], page: PageOf): ShownDay[] {
  const days: { heading: string; day: string; entries: ShownEntry[] }[] = [];
  for (const entry of entries) {
    const shown = shownOf(entry, page);
    const heading = beginningOf(entry)?.day ?? shown.when.day;
    const last = days.at(-1);
    if (last?.heading === heading) last.entries.push(shown);
    else days.push({ heading, day: entry.at.slice(0, 10), entries: [shown] });
  }
  return days;
}

function beginningOf({ conversationWide, gap, coverage }: Entry): When | undefined {
  const from = conversationWide ? undefined : (gap?.from ?? coverage?.from);
  return from === undefined ? undefined : whenOf(from, "network");
}

function shownOf(entry: Entry, { key, where }: PageOf): ShownEntry {
  const timed = <S extends Said>(one: S): Shown<S> => ({
    ...one,
    when: whenOf(one.at, one.clock),
    pieces: pieces(one.text ?? "", one.marks),
  });
  const { edits, deletions, reactions, receipts } = entry;
  const about = [...edits, ...deletions, ...reactions, ...receipts];
  return {
    ...timed(entry),
    edits: edits.map(timed),
    deletions: deletions.map(timed),
    reactions: reactions.map(timed),
    receipts: receipts.map(timed),
    further: entry.followUpsTotal - about.length,
    chosen: [entry, ...about].flatMap(({ id, selected }) => (selected ? [id] : [])),
    way: queryOf({ in: key, at: entry.id, ...where }),
    besides: queryOf(kept(where)).replace("?", "&"),
  };
}
