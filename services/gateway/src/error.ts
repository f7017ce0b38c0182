import { ProblemError } from "@daybook/runtime";

export type GatewayErrorCode =
  | "no-such-account"
  | "no-such-message"
  | "cannot-send" // the account is nobody's now, or nothing of ours can send from it
  | "not-yours" // who asks does not speak for the account's custodian
  | "refused-by-policy"
  | "conflict" // the id was used for another message
  | "unavailable"; // the stream, the database or another service does not answer: ask again with the same id

const STATUS: Readonly<Record<GatewayErrorCode, number>> = {
  "no-such-account": 404,
  "no-such-message": 404,
  "cannot-send": 409,
  "not-yours": 403,
  "refused-by-policy": 403,
  conflict: 409,
  unavailable: 503,
};

/** Every error of the gateway. Switch on `code`; the message is for people and has no user data. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;

  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The answer to an error of the gateway; undefined for one that is not its own. */
export function gatewayProblem(error: unknown): ProblemError | undefined {
  if (!(error instanceof GatewayError)) return undefined;
  return new ProblemError(STATUS[error.code], error.code, error.message, { cause: error });
}
