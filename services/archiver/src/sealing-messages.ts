import type { KeyObject } from "node:crypto";

/** What the sealing thread is started with. */
export interface SealingData {
  readonly namingKey: KeyObject;
}

/** Many in one piece, which can be handed over without being copied. */
export interface Joined {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the i-th ends. */
  readonly ends: readonly number[];
}

export interface SealingRequest {
  readonly plaintexts: Joined;
}

/** For each plaintext in its turn; a malformed one has no id, nothing in `jsons` and `packets`, and a key of zeros. */
export interface SealingAnswer {
  readonly ids: readonly string[];
  readonly recs: readonly string[];
  /** Of those that have attachments: which, and their keys. */
  readonly keys: readonly (readonly [number, readonly string[]])[];
  readonly jsons: Joined;
  readonly packets: Joined;
  /** 32 bytes each. */
  readonly sessionKeys: Uint8Array<ArrayBuffer>;
}

export function join(parts: readonly Uint8Array[]): Joined {
  const ends: number[] = [];
  let length = 0;
  for (const part of parts) ends.push((length += part.length));
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, ends };
}

export function part({ bytes, ends }: Joined, i: number): Uint8Array {
  return bytes.subarray(ends[i - 1] ?? 0, ends[i]);
}
