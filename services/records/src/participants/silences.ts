/** A number comes back to other people: what follows a longer silence is nobody's until a person says whose it is. */
export const SILENCE_MS = 90 * 86_400_000;

/** What a person said of a number, in milliseconds since 1970. */
export interface Said {
  /** The interval in which it may be theirs, its end not included; null where nobody said. */
  readonly from: number | null;
  readonly to: number | null;
  /** From the first to the last instant at which a person said that it was theirs. */
  readonly sure: { readonly from: number; readonly to: number };
}

/** What the number did without a longer silence in between: see `PartyRun`. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly records: number;
}

/** Behind, or before, what is theirs: nothing was heard for more than `SILENCE_MS`, then more than nobody has said is theirs. */
export interface Silence {
  readonly side: "before" | "after";
  /** Instants between which it was silent. */
  readonly from: number;
  readonly to: number;
  /** On its other side. */
  readonly records: number;
  /** Saying that it was theirs at this instant takes them in, as far as the next silence. */
  readonly confirm: number;
}

export interface Period {
  /** Of what is theirs, the end not included; null where it has none. */
  readonly from: number | null;
  readonly to: number | null;
  /** At most one on each side. */
  readonly silences: readonly Silence[];
}

/** Whether a network's name of somebody is a number, which may come back to another; an address does not. */
export function isNumber(folded: string): boolean {
  return /^\+?\d{3,15}(?:@(?:c\.us|s\.whatsapp\.net))?$/.test(folded);
}

/**
 * How much of a number is theirs. An end that a person gave is that person's word. On a side without one, what is theirs
 * goes on from when they are said to have had it, as long as the number is never silent for more than `SILENCE_MS`; of a
 * number that was in use at no such time, what lies nearest before it, or else after it.
 *
 * @param runs of the interval in `said`, oldest first, each more than `SILENCE_MS` behind the one before
 */
export function periodOf({ from, to, sure }: Said, runs: readonly Run[]): Period {
  if (from !== null && to !== null) return { from, to, silences: [] };
  const near = runs.filter(
    ({ first, last }) => first - sure.to <= SILENCE_MS && sure.from - last <= SILENCE_MS,
  );
  const nearest = runs.findLast(({ last }) => last < sure.from) ?? runs.find(({ first }) => first > sure.to);
  const theirs = near.length > 0 ? near : nearest ? [nearest] : [];
  const start = Math.min(sure.from, ...theirs.map(({ first }) => first));
  const end = Math.max(sure.to, ...theirs.map(({ last }) => last));
  const before = from === null ? runs.filter(({ last }) => last < start) : [];
  const after = to === null ? runs.filter(({ first }) => first > end) : [];
  const [resumed] = after;
  const left = before.at(-1);
  return {
    from: left ? start - SILENCE_MS : from,
    to: resumed ? end + SILENCE_MS + 1 : to,
    silences: [
      ...(left
        ? [{ side: "before" as const, from: left.last, to: start, records: sum(before), confirm: left.last }]
        : []),
      ...(resumed
        ? [
            {
              side: "after" as const,
              from: end,
              to: resumed.first,
              records: sum(after),
              confirm: resumed.first,
            },
          ]
        : []),
    ],
  };
}

function sum(runs: readonly Run[]): number {
  return runs.reduce((total, { records }) => total + records, 0);
}
