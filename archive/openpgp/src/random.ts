import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4_096;

let pool = Buffer.alloc(0);

/**
 * Fresh random bytes, for their caller alone. Drawn from the system many at a time, which for a few bytes costs a
 * hundredth.
 */
export function randomSlice(sizeBytes: number): Buffer {
  if (pool.length < sizeBytes) pool = randomFillSync(Buffer.alloc(Math.max(POOL_BYTES, sizeBytes)));
  const slice = pool.subarray(0, sizeBytes);
  pool = pool.subarray(sizeBytes);
  return slice;
}
