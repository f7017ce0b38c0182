import { ArchiveError } from "@daybook/archive-core";
import { CatalogueError } from "@daybook/catalogue";
import { ProblemError, type Route } from "@daybook/runtime";
import { RecordsError, type RecordsErrorCode } from "./error.ts";

const STATUS: Readonly<Record<RecordsErrorCode, number>> = {
  starting: 503,
  unavailable: 503,
  refused: 500,
  "not-found": 404,
  "no-such-matter": 404,
  "matter-closed": 409,
  "no-such-custodian": 404,
  "ambiguous-custodian": 409,
  conflict: 409,
  "same-person": 403,
  "not-a-person": 403,
  "bad-request": 400,
  "sign-in-refused": 403,
  "confirm-first": 403,
  "no-such-invitation": 404,
  "forbidden-pair": 400,
  "too-many": 413,
  disposed: 410,
  corrupt: 500,
};

const RETRY_AFTER_SECONDS = 1;

/** What an error of the records service and of what it stands on is, as an answer; undefined for any other. */
export function recordsProblem(error: unknown): ProblemError | undefined {
  if (error instanceof RecordsError) {
    const retry = error.retryable ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {};
    return new ProblemError(STATUS[error.code], error.code, error.message, { cause: error, ...retry });
  }
  if (error instanceof CatalogueError) {
    const bad = ["bad-query", "bad-filter", "bad-cursor"].includes(error.code);
    if (bad) return new ProblemError(400, error.code, error.message, { cause: error });
    if (error.retryable) return unavailable(error);
  }
  if (error instanceof ArchiveError && error.retryable) return unavailable(error);
  return undefined;
}

/** A route whose handler's errors are answers, and which is refused until `ready` lets it through. */
export function guarded(one: Route, ready: () => void): Route {
  return {
    ...one,
    handle: async (call) => {
      try {
        ready();
        return await one.handle(call);
      } catch (error) {
        throw recordsProblem(error) ?? error;
      }
    },
  };
}

function unavailable(error: Error): ProblemError {
  return new ProblemError(503, "unavailable", error.message, {
    cause: error,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
