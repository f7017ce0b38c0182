import { createHash } from "node:crypto";

/** Numbers that are the same for the same seed (mulberry32). */
export interface Random {
  /** A whole number from 0 to `below - 1`. */
  below(below: number): number;
  pick<Value>(from: readonly Value[]): Value;
  bytes(length: number): Buffer;
}

/** @param seed any text: case 7 of a target under a seed is the same whatever ran before it */
export function random(seed: string): Random {
  let state = createHash("sha256").update(seed).digest().readUInt32BE(0);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % Math.max(1, limit);
  return {
    below,
    pick(from) {
      const picked = from[below(from.length)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() & 0xff)),
  };
}
