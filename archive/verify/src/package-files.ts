/** The files of a package, wherever they are. Reads only. */
export interface PackageFiles {
  /** Size in bytes of every file, by path below the package's folder. */
  readonly sizes: ReadonlyMap<string, number>;

  /**
   * A whole file.
   *
   * @throws {BadFile} when its bytes are not what the container says; or what the file system says
   */
  read(path: string): Buffer;

  /** A file in pieces. Errors as `read`. */
  stream(path: string): AsyncIterable<Uint8Array>;

  close(): void;
}
