import { STATUS_CODES } from "node:http";
import { ProblemError } from "@daybook/runtime";

/** What Express and its parsers raise quotes what was sent: it is not shown. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const { status, code } = error as { status?: unknown; code?: unknown };
  if (error instanceof URIError)
    return new ProblemError(404, "no-such-page", "there is nothing at this address");
  if (typeof code === "string" && code.startsWith("LIMIT_"))
    return new ProblemError(413, "too-large", "the form or its file is too large");
  if (typeof status === "number" && status >= 400 && status < 500)
    return new ProblemError(status, "malformed", STATUS_CODES[status] ?? "the request cannot be read");
  return new ProblemError(500, "internal", "the page could not be shown; the server's log has the reason", {
    cause: error,
  });
}
