import { ProblemError } from "@daybook/runtime";
import type { FieldError } from "../page.ts";

const TOLD: ReadonlySet<number> = new Set([400, 403, 404, 409, 429, 503]);

/** What the API has against a sign-in, to be said on the page. @throws what is none of that */
export function refusalOf(error: unknown): FieldError {
  if (!(error instanceof ProblemError) || !TOLD.has(error.status)) throw error;
  return { field: "", text: `problems:${error.code}|${error.detail}` };
}
