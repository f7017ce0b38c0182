import { ArchiveError } from "@daybook/archive-core";
import { ConnectorError } from "@daybook/contract";

export type CaptureErrorCode =
  | "not-an-export" // the file is none that an importer knows; nothing was recorded
  | "malformed" // outside bytes that cannot be read safely: nothing was recorded from there on
  | "too-large"
  | "ambiguous-custodian" // the name fits more than one
  | "busy" // try again later
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

// What the system, and PostgreSQL (disk_full), say when there is no room.
const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "53100", "store-full", "spool-full"]);

/** Whether a disk is full: the spool's, or that of a store, the stream or the database. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && FULL.has(error.code)) || isFull(error.cause);
}

/** What a connector says of a file that was handed over, in words for whoever did. */
const OF_A_FILE = ["not-an-export", "malformed", "too-large"] as const;

/** An error as the operator of an import is told it: what may be repeated, and what to do first. */
export function importError(error: unknown): unknown {
  if (error instanceof CaptureError) return error;
  const ofFile = error instanceof ConnectorError && OF_A_FILE.find((code) => code === error.code);
  if (ofFile) return new CaptureError(ofFile, error.message, { cause: error });
  if (isFull(error)) {
    return new CaptureError("spool-full", "there is no room on a disk: make room and import the file again", {
      cause: error,
    });
  }
  const again = (error instanceof ConnectorError || error instanceof ArchiveError) && error.retryable;
  if (!again) return error;
  return new CaptureError(
    "unavailable",
    "the stream or a store does not answer: import the file again, it is harmless",
    {
      cause: error,
    },
  );
}
