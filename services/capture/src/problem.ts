import { ProblemError } from "@daybook/runtime";
import { CaptureError } from "./error.ts";

/** The answer to an error of capture; undefined for one that is not capture's. */
export function captureProblem(error: unknown): ProblemError | undefined {
  if (!(error instanceof CaptureError)) return undefined;
  const status = {
    "not-an-export": 422,
    malformed: 422,
    "too-large": 413,
    "ambiguous-custodian": 409,
    busy: 429,
    "spool-full": 507,
    unavailable: 503,
  };
  return new ProblemError(status[error.code], error.code, error.message, { cause: error });
}
