export type RetentionErrorCode =
  | "facts-unavailable" // the records service did not say what is disposed of, held or claimed: nothing was removed
  | "log-unproven"; // the log's tiles do not lead to its signed root: nothing is judged by them

/** Every error of this service. Switch on `code`. */
export class RetentionError extends Error {
  override readonly name = "RetentionError";
  readonly code: RetentionErrorCode;

  constructor(code: RetentionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
