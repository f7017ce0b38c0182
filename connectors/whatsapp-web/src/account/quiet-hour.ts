const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Milliseconds until that hour of the day, UTC, begins next; never so soon that a browser that just started would end. */
export function untilQuietHour(hour: number, now: Date): number {
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), hour);
  const ms = next - now.getTime();
  return ms > HOUR_MS ? ms : ms + DAY_MS;
}
