export type ArchiverErrorCode =
  | "rows-missing" // the catalogue lacks rows that the stream no longer has, and nobody rebuilt them
  | "catalogue-diverged" // the catalogue reflects another log, or more of it than there is: rebuild it
  | "misconfigured" // the head is of another partition than this shard reads
  | "unknown-shard"
  | "not-owner" // another archiver has the shard: ask that one
  | "stopped"; // the archiver ended before what was waited for came about

const RETRYABLE: ReadonlySet<ArchiverErrorCode> = new Set(["rows-missing"]);

/** Every error this service makes itself. Switch on `code`; the message says what to do and has no user data. */
export class ArchiverError extends Error {
  override readonly name = "ArchiverError";
  readonly code: ArchiverErrorCode;

  constructor(code: ArchiverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
