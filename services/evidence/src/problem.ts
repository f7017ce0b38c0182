import { ProblemError } from "@daybook/runtime";
import { EvidenceError, type EvidenceErrorCode } from "./error.ts";

const STATUS: Record<EvidenceErrorCode, number> = {
  "no-such-matter": 404,
  "matter-closed": 409,
  "no-such-custodian": 404,
  "no-such-participant": 404,
  "bad-request": 422,
  "no-such-export": 404,
  "already-taken": 409,
  "not-finished": 409,
  busy: 503,
  "disk-full": 507,
  "unsafe-folder": 500,
  unavailable: 503,
};

/** The answer to an error of evidence; undefined for one that is not its own. */
export function evidenceProblem(error: unknown): ProblemError | undefined {
  return error instanceof EvidenceError
    ? new ProblemError(STATUS[error.code], error.code, error.message, { cause: error })
    : undefined;
}
