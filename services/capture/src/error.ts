export type CaptureErrorCode =
  | "not-an-export" // the file is none that an importer knows; nothing was recorded
  | "malformed" // outside bytes that cannot be read safely; nothing was recorded
  | "too-large"
  | "ambiguous-custodian" // the name fits more than one
  | "spool-full" // no room; nothing was acknowledged
  | "unavailable"; // the stream, a store or another service does not answer: try again, it is harmless

const RETRYABLE: ReadonlySet<CaptureErrorCode> = new Set(["spool-full", "unavailable"]);

/** Every error of capture. Switch on `code`; the message is for people and has no user data. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly code: CaptureErrorCode;

  constructor(code: CaptureErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
