import type { KeyObject } from "node:crypto";

/** What the sealing thread is started with. */
export interface SealingData {
  readonly namingKey: KeyObject;
}

/** Plaintexts, one behind the other; `ends[i]` is where the i-th ends. */
export interface SealingRequest {
  readonly plaintexts: Uint8Array<ArrayBuffer>;
  readonly ends: readonly number[];
}

/** For each plaintext in its turn; a malformed one has no id, an empty packet and a key of zeros. */
export interface SealingAnswer {
  readonly ids: readonly string[];
  /** Records, canonical JSON. */
  readonly jsons: readonly string[];
  readonly recs: readonly string[];
  /** Of those that have attachments: which, and their keys. */
  readonly keys: readonly (readonly [number, readonly string[]])[];
  readonly packets: Uint8Array<ArrayBuffer>;
  readonly ends: readonly number[];
  /** 32 bytes each. */
  readonly sessionKeys: Uint8Array<ArrayBuffer>;
}
