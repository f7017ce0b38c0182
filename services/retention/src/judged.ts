import type { RetentionFacts } from "./options.ts";

/** The records that were disposed of, ready to be counted. */
export interface Disposed {
  /** How many of the leaves from `from` to `to` (exclusive) are of disposed records. */
  within(shard: string, from: number, to: number): number;
}

export async function disposedRecords(facts: RetentionFacts): Promise<Disposed> {
  const indexes = new Map<string, number[]>();
  for await (const { shard, index } of facts.disposed()) {
    const list = indexes.get(shard);
    if (list) list.push(index);
    else indexes.set(shard, [index]);
  }
  for (const [shard, list] of indexes)
    indexes.set(
      shard,
      [...new Set(list)].sort((a, b) => a - b),
    );
  return {
    within(shard, from, to) {
      const list = indexes.get(shard) ?? [];
      return below(list, to) - below(list, from);
    },
  };
}

/** How many of a sorted list are below a bound. */
function below(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
