import { ProblemError } from "@daybook/runtime";
import { GatewayError, type GatewayErrorCode } from "./error.ts";

const STATUS: Readonly<Record<GatewayErrorCode, number>> = {
  "no-such-account": 404,
  "no-such-message": 404,
  "cannot-send": 409,
  "not-yours": 403,
  "refused-by-policy": 403,
  conflict: 409,
  unavailable: 503,
};

/** The answer to an error of the gateway; undefined for one that is not its own. */
export function gatewayProblem(error: unknown): ProblemError | undefined {
  if (!(error instanceof GatewayError)) return undefined;
  return new ProblemError(STATUS[error.code], error.code, error.message, { cause: error });
}
