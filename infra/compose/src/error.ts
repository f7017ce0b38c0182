export type ComposeErrorCode =
  | "home-missing" // there is none, and none was to be made
  | "home-foreign" // the directory holds something that is not a Daybook home, or is a home of another kind
  | "home-in-use" // another process has it
  | "home-unusable" // it cannot be read or written
  | "home-version" // it was laid out by another version
  | "postgres-unavailable" // there are no programs for this machine, or they cannot be run
  | "postgres-failed" // the server did not start, or its files are not as we left them
  | "postgres-ended" // the server ended while it was needed
  | "bad-setting"; // a setting that is not for tuning

/** Every error of this package. Switch on `code`; the message is one line that says what to do. */
export class ComposeError extends Error {
  override readonly name = "ComposeError";
  readonly code: ComposeErrorCode;

  constructor(code: ComposeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
