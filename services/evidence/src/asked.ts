import { ProblemError } from "@daybook/runtime";
import { EvidenceError, type EvidenceErrorCode } from "./error.ts";

/** Asks another service. @param missing what a 404 of its means @throws {EvidenceError} */
export async function asked<T>(missing: EvidenceErrorCode, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof ProblemError)) throw cause;
    if (cause.status === 404) throw new EvidenceError(missing, cause.message, { cause });
    if (cause.status < 500) throw new EvidenceError("bad-request", cause.message, { cause });
    throw new EvidenceError("unavailable", "another service does not answer: try again", { cause });
  }
}
