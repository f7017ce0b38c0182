export type SessionErrorCode =
  | "unreachable" // no connection, or it was lost
  | "refused" // the other side does not take the bind
  | "framing" // what came cannot be cut into PDUs
  | "silent" // no answer in time
  | "unbound"; // ended in good order, by either side

/** Why a session ended. Switch on `code`; the message has no user data. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  readonly code: SessionErrorCode;
  /** command_status of a refusal. */
  readonly status: number | undefined;

  constructor(code: SessionErrorCode, message: string, of: { status?: number; cause?: unknown } = {}) {
    super(message, of.cause === undefined ? undefined : { cause: of.cause });
    this.code = code;
    this.status = of.status;
  }
}
