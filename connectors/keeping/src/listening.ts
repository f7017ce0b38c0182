import { Coverage, type CoverageOptions } from "./coverage.ts";

/**
 * Keeps account of when this process listened for an account that a network pushes to, until `signal` aborts. Whether the
 * network reaches it is not known by it. The last interval is recorded at the next start.
 *
 * @param beat resolves when it is time for the next mark
 * @throws what `record` throws that is not retryable
 */
export async function keepListening(
  options: Omit<CoverageOptions, "linkedAt">,
  now: () => Date,
  beat: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const begunAt = now().getTime();
  const coverage = new Coverage({ ...options, linkedAt: begunAt });
  await coverage.enter("live", begunAt);
  while (!signal.aborted) {
    await beat(signal);
    await coverage.beat(now().getTime());
  }
}
