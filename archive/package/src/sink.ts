/** What a file of a package is made of. A string is UTF-8. */
export type FileBody = Uint8Array | string | AsyncIterable<Uint8Array>;

/** Where the files of a package go, one after the other. */
export interface PackageSink {
  /**
   * Adds one file. Resolves when the next may come, not when this one is durable; undefined: it may come at once.
   *
   * @param path below the package's folder, `/`-separated, without `..`
   * @throws {PackageError} `unsafe-name`, `sink-closed`; or what the receiver failed with; at once or by the promise
   */
  add(path: string, body: FileBody): Promise<void> | undefined;

  /** Completes the package; nothing may be added afterwards. Errors as `add`. */
  finish(): Promise<void>;
}
