/** Bytes to store: in memory, or re-openable so that a failed write can be repeated. */
export type Body = Uint8Array | { readonly sizeBytes: number; open(): AsyncIterable<Uint8Array> };

/**
 * Write-once objects under a lock. A key names its content, so a taken key is success: nothing is written.
 * Keys are `/`-separated segments of `[A-Za-z0-9._-]+`, never `.` or `..`, 512 characters at most.
 */
export interface LockedWriter {
  /**
   * Stores an object that nobody may alter or remove before `retainUntil`. Durable and locked once resolved.
   *
   * @param object.sha256 hex; checked by the store against what it received, when given
   * @returns `created: false` when the key was taken; what is stored then stays as it was
   * @throws {ArchiveError} `store-unavailable` or `store-full` (retryable); `corrupt` if `sha256` does not fit
   */
  put(object: { key: string; body: Body; retainUntil: Date; sha256?: string }): Promise<{ created: boolean }>;
}

/** What a store tells of the space that it takes, where it can without reading. */
export interface Measured {
  /** Keys that start with `prefix`, in byte order, and how many bytes each is. */
  sizes(prefix: string): AsyncIterable<{ readonly key: string; readonly sizeBytes: number }>;
}

export interface LockedReader {
  /**
   * @param range zero-based `start` (inclusive) and `end` (exclusive), in bytes
   * @throws {ArchiveError} `object-missing`, or `store-unavailable` (retryable)
   */
  get(key: string, range?: { start: number; end: number }): Promise<Uint8Array>;

  /** The whole object in pieces, for what may be large. Errors as `get`. */
  stream(key: string): AsyncIterable<Uint8Array>;

  /** Undefined when there is no such object. */
  stat(key: string): Promise<LockedObject | undefined>;

  /** Keys that start with `prefix`, in byte order, after `after` if given. */
  list(prefix: string, after?: string): AsyncIterable<string>;
}

export interface LockedObject {
  readonly sizeBytes: number;
  readonly retainUntil: Date;
  readonly legalHold: boolean;
}

/** May only lengthen locks and set or lift legal holds. */
export interface LockExtender {
  /** Never shortens: an earlier date than the present one changes nothing. @throws {ArchiveError} `object-missing` */
  extend(key: string, retainUntil: Date): Promise<void>;
  /** @throws {ArchiveError} `object-missing` */
  setLegalHold(key: string, on: boolean): Promise<void>;
}

/** May only remove what is no longer locked nor held. */
export interface Expirer {
  /** Removing what is not there is harmless. @throws {ArchiveError} `object-locked` */
  remove(key: string): Promise<void>;
}

/** Small objects that change: heads, checkpoints, partial tiles, key blocks. Durable once resolved. */
export interface MutableStore {
  read(key: string): Promise<{ body: Uint8Array; tag: string } | undefined>;

  /**
   * Compare-and-swap: writes only if the object still has `tag` (undefined: does not exist).
   *
   * @returns the new tag
   * @throws {ArchiveError} `conflict`; `store-unavailable` or `store-full` (retryable, the outcome is unknown: read back)
   */
  replace(key: string, body: Uint8Array, tag: string | undefined): Promise<string>;

  /** Writes whatever was there. @throws {ArchiveError} `store-unavailable` or `store-full` */
  put(key: string, body: Uint8Array): Promise<void>;

  /** Removes it for good: no older version of it stays. Removing what is not there is harmless. */
  remove(key: string): Promise<void>;

  list(prefix: string): AsyncIterable<string>;
}

/** The stores of one deployment. */
export interface Stores {
  /** Segments, attachments, full tiles, keyring snapshots: locked. */
  readonly records: LockedWriter & LockedReader & LockExtender & Expirer & Partial<Measured>;
  /** Heads, published checkpoints, partial tiles: no lock, no versions. */
  readonly heads: MutableStore & Partial<Measured>;
  /** Key blocks: no lock, no versions. */
  readonly keyring: MutableStore & Partial<Measured>;
  /** A second copy of the keyring under other administrators, where one is configured. */
  readonly keyringCopy?: MutableStore & Partial<Measured>;
}
