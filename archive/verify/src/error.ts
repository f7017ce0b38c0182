export type VerifyErrorCode =
  | "not-found" // nothing is at that path, or neither a directory nor a file
  | "unreadable" // the operating system does not let us read it
  | "bad-key" // a given verifier key, of a log or a witness, is none
  | "bad-ca"; // the given certificates cannot be read

/** Why a package could not be looked at. What is wrong in a package is a problem in the report, not an error. */
export class VerifyError extends Error {
  override readonly name = "VerifyError";
  readonly code: VerifyErrorCode;

  constructor(code: VerifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
