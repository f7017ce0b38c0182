export type CatalogueErrorCode =
  | "unavailable" // PostgreSQL did not answer: a write may or may not have happened, repeat it
  | "refused" // PostgreSQL will not have us, or is not of the right kind: an administrator must act
  | "bad-query" // the words cannot be read: the message says why
  | "bad-filter"
  | "bad-cursor" // not a cursor of this search
  | "out-of-order" // rows that should be there are missing, as after a drop or a restore: rebuild that span first
  | "diverged" // the catalogue says otherwise about this position: rebuild it
  | "not-migrated"; // the schema is missing or not of this version

const RETRYABLE: ReadonlySet<CatalogueErrorCode> = new Set(["unavailable"]);

/** Every error of this package. Switch on `code`; the message is for people and has no user data. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError";
  readonly code: CatalogueErrorCode;

  constructor(code: CatalogueErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
