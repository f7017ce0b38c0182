export type ArchiveErrorCode =
  | "store-unavailable" // the write may or may not have happened: repeat it, or read back
  | "store-full" // nothing was written; works again when there is room
  | "object-missing"
  | "object-locked" // the lock forbids it
  | "conflict" // somebody else changed it first
  | "overtaken" // another writer has committed first: open the log again, with what this one saw of it
  | "fork" // the log does not continue what was seen of it: stop for good
  | "corrupt" // stored bytes are not what the log or their own checksum says
  | "malformed" // outside bytes that are not what they claim to be
  | "undecryptable"; // the key does not fit, or was destroyed

const RETRYABLE: ReadonlySet<ArchiveErrorCode> = new Set(["store-unavailable", "store-full"]);

/** Every error the archive packages throw. Switch on `code`; the message is for people and has no user data. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
