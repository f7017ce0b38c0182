import type { EventKind, Network } from "@daybook/contract";
import { kindOf, networkOf } from "./codes.ts";

/** Hits that have a value in common. */
export interface HitCount<Value> {
  readonly value: Value;
  readonly hits: number;
}

/** How many hits there are of each network and each kind, most first: floors where the total is one. */
export interface HitCounts {
  readonly network: readonly HitCount<Network>[];
  readonly kind: readonly HitCount<EventKind>[];
}

/** Tells hits apart by network and kind: in one statement with the hits `h` themselves, as JSON for `countsOf`. */
export const COUNTS_OF_HITS = `(SELECT jsonb_agg(jsonb_build_array(c.network, c.kind, c.hits))
  FROM (SELECT network, kind, count(*) AS hits FROM h GROUP BY network, kind) c)`;

/** @param json what `COUNTS_OF_HITS` gave; null of no hits */
export function countsOf(json: string | null): HitCounts {
  const groups = JSON.parse(json ?? "[]") as [network: number, kind: number, hits: number][];
  return tally(
    groups.map(([network, kind, hits]) => ({ network: networkOf(network), kind: kindOf(kind), hits })),
  );
}

/** Of hits that are all at hand. */
export function countsAmong(refs: readonly { network: Network; kind: EventKind }[]): HitCounts {
  return tally(refs.map(({ network, kind }) => ({ network, kind, hits: 1 })));
}

function tally(groups: readonly { network: Network; kind: EventKind; hits: number }[]): HitCounts {
  return {
    network: summed(groups.map(({ network, hits }) => [network, hits])),
    kind: summed(groups.map(({ kind, hits }) => [kind, hits])),
  };
}

function summed<Value extends string>(of: readonly (readonly [Value, number])[]): HitCount<Value>[] {
  const sums = new Map<Value, number>();
  for (const [value, hits] of of) sums.set(value, (sums.get(value) ?? 0) + hits);
  return [...sums]
    .map(([value, hits]) => ({ value, hits }))
    .sort((a, b) => b.hits - a.hits || (a.value < b.value ? -1 : 1));
}
