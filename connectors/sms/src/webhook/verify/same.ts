import { createHash, timingSafeEqual } from "node:crypto";

/** Takes the same time whatever differs, length included. */
export function isSame(given: string, ours: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(ours));
}

/** Whether any of them is it; all are looked at. */
export function isAny(given: string, ours: readonly string[]): boolean {
  let found = false;
  for (const one of ours) if (isSame(given, one)) found = true;
  return found;
}
