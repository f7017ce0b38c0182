export type RecordsErrorCode =
  | "starting" // not every durable audit event has been applied yet: try again
  | "unavailable" // a store, the stream or PostgreSQL does not answer: the outcome is unknown, look before repeating
  | "refused" // PostgreSQL will not have this service: an administrator must act
  | "not-found"
  | "no-such-matter"
  | "matter-closed"
  | "no-such-custodian"
  | "ambiguous-custodian" // the name fits more than one: name it by its id
  | "conflict" // the state of things does not allow this
  | "same-person" // who proposed may not approve
  | "not-a-person" // a machine may not do this
  | "bad-request"
  | "sign-in-refused"
  | "confirm-first" // whoever is in the session has to show again that they are its person
  | "no-such-invitation" // unknown, used, withdrawn or over
  | "forbidden-pair" // two roles that nobody may have at once
  | "too-many"
  | "disposed" // the record was destroyed under authority
  | "corrupt"; // what is stored is not what the log or its own schema says: somebody must look

const RETRYABLE: ReadonlySet<RecordsErrorCode> = new Set(["starting", "unavailable"]);

/** Every error of this service. Switch on `code`; the message is for people and has no user data. */
export class RecordsError extends Error {
  override readonly name = "RecordsError";
  readonly code: RecordsErrorCode;

  constructor(code: RecordsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}
