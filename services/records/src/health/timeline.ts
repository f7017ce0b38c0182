/** How an account's link stood: `unknown` where nothing was said. */
export type LinkState = "live" | "catching-up" | "down" | "unknown";

/** Half-open, in milliseconds since 1970. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly state: LinkState;
}

/** Where two say something of one instant, the better counts: one of two links that hears is enough. */
const ORDER: readonly LinkState[] = ["unknown", "down", "catching-up", "live"];

/**
 * What a period was made of, without holes and overlaps, in order: neighbours differ.
 *
 * @param told in any order, overlapping, beyond the period
 */
export function timelineOf(
  told: readonly Stretch[],
  { from, to }: { readonly from: number; readonly to: number },
): Stretch[] {
  const clipped = told
    .map((one) => ({ ...one, from: Math.max(one.from, from), to: Math.min(one.to, to) }))
    .filter((one) => one.from < one.to);
  const changes = clipped
    .flatMap(({ from: start, to: end, state }) => [
      { at: start, state, by: 1 },
      { at: end, state, by: -1 },
    ])
    .sort((a, b) => a.at - b.at);
  const running = new Map<LinkState, number>();
  const stretches: Stretch[] = [];
  let since = from;
  const close = (at: number) => {
    if (at <= since) return;
    const state = ORDER.findLast((one) => (running.get(one) ?? 0) > 0) ?? "unknown";
    const last = stretches.at(-1);
    if (last?.state === state) stretches[stretches.length - 1] = { ...last, to: at };
    else stretches.push({ from: since, to: at, state });
    since = at;
  };
  for (const { at, state, by } of changes) {
    close(at);
    running.set(state, (running.get(state) ?? 0) + by);
  }
  close(to);
  return stretches;
}
