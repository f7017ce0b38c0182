export type PackageErrorCode =
  | "unsafe-name" // a file, shard or folder name that has no place in a package
  | "out-of-order" // the caller's records are not in the order that the format needs
  | "not-as-logged" // a record's bytes, or its sealed ones, are not what its leaf says
  | "attachment-altered" // an attachment's bytes are not what its record says
  | "sink-closed"; // the receiver went away before the package was whole

/** Every error this package throws of its own. Switch on `code`; the message has no user data. */
export class PackageError extends Error {
  override readonly name = "PackageError";
  readonly code: PackageErrorCode;

  constructor(code: PackageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
