const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);
/** Before macOS 10.13 dates were whole seconds: no such date reaches this, no later one stays below. */
const NANOSECONDS_FROM = 1_000_000_000_000n;
const EARLIEST_MS = Date.UTC(1990, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/**
 * The time that a column tells, RFC 3339 with milliseconds; undefined for none, which is 0, and for one that no message
 * can have.
 *
 * @param date nanoseconds since 2001-01-01 UTC; seconds in old databases
 */
export function instantOf(date: bigint): string | undefined {
  if (date === 0n) return undefined;
  const magnitude = date < 0n ? -date : date;
  const ms = magnitude < NANOSECONDS_FROM ? Number(date) * 1_000 : Number(date / 1_000_000n);
  return instantAt(APPLE_EPOCH_MS + ms);
}

/** @param seconds since 2001-01-01 UTC, as property lists have them */
export function instantOfSeconds(seconds: number): string | undefined {
  return instantAt(APPLE_EPOCH_MS + Math.trunc(seconds * 1_000));
}

function instantAt(ms: number): string | undefined {
  return ms >= EARLIEST_MS && ms < LATEST_MS ? new Date(ms).toISOString() : undefined;
}
