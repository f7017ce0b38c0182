/** Of a session key. */
export const KEY_BYTES = 32;
/** Of a record's digest, hex. */
export const REC_CHARACTERS = 64;

/** Many in one piece. */
export interface Joined {
  readonly bytes: Uint8Array;
  /** Where the i-th ends. */
  readonly ends: readonly number[];
}

export interface SealingRequest {
  /** What record ids are made with. */
  readonly namingKey: Uint8Array;
  readonly plaintexts: Joined;
}

/**
 * For each plaintext in its turn; a malformed one has no id, nothing in `jsons` and `packets`, and a digest and a key of
 * zeros.
 */
export interface SealingAnswer {
  readonly ids: readonly string[];
  /** 64 characters each. */
  readonly recs: string;
  /** Of those that have attachments: by which, their keys. */
  readonly keys: ReadonlyMap<number, readonly string[]>;
  readonly jsons: Joined;
  readonly packets: Joined;
  /** 32 bytes each. */
  readonly sessionKeys: Uint8Array;
}

export function join(parts: readonly Uint8Array[]): Joined {
  const ends: number[] = [];
  let length = 0;
  for (const part of parts) ends.push((length += part.length));
  return { bytes: Buffer.concat(parts, length), ends };
}

export function part({ bytes, ends }: Joined, i: number): Uint8Array {
  return bytes.subarray(ends[i - 1] ?? 0, ends[i]);
}
