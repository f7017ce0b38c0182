import type { ShardContext } from "./options.ts";

/** Messages let go of at a time, at least: trimming frees whole files only. */
const STEP = 10_000;

/**
 * Lets the stream go of what head and catalogue are past, but for a margin.
 *
 * @returns to be told the lesser of the two; does nothing while an earlier call is at work
 */
export function streamTrimmer({
  trimmer,
  topic,
  partition,
  trimMargin,
  shard,
  log,
}: Pick<ShardContext, "trimmer" | "topic" | "partition" | "trimMargin" | "shard" | "log">): (
  offset: number,
) => void {
  let trimmed = 0;
  let busy = false;
  return (offset) => {
    const before = offset - trimMargin;
    if (!trimmer || busy || before < trimmed + Math.min(STEP, trimMargin + 1)) return;
    busy = true;
    trimmer
      .trim(topic, partition, before)
      .then(
        () => (trimmed = before),
        (err: unknown) => log.warn({ err, shard }, "the stream could not be trimmed"),
      )
      .finally(() => (busy = false));
  };
}
