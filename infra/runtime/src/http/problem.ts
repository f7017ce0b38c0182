import { STATUS_CODES } from "node:http";
import type { z } from "zod";

/** One field that did not fit its schema: where it is, never what it was. */
export interface FieldProblem {
  readonly in: "path" | "query" | "body";
  readonly path: string;
  readonly problem: string;
}

/**
 * An answer that is not a success. Handlers throw it, `apiClient` throws what it got. Switch on `code`, which
 * is stable; `detail` is one line for people and holds no user data.
 */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: string;
  /** HTTP status; for what the client itself found out, the nearest one. */
  readonly status: number;
  readonly detail: string;
  readonly fields: readonly FieldProblem[];
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    options: ErrorOptions & { fields?: readonly FieldProblem[]; retryAfterSeconds?: number } = {},
  ) {
    super(detail, options);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The document that is sent, `application/problem+json`: RFC 9457. */
  toJSON(): Record<string, unknown> {
    return {
      type: "about:blank",
      title: STATUS_CODES[this.status] ?? "Error",
      status: this.status,
      detail: this.detail,
      code: this.code,
      ...(this.fields.length > 0 ? { fields: this.fields } : {}),
    };
  }
}

const MAX_FIELD_PROBLEMS = 20;

/**
 * The fields that failed, without anything of what was sent: names that the schema does not know are `*`.
 *
 * @param known names that occur in the schema
 */
export function fieldProblems(
  where: FieldProblem["in"],
  error: z.core.$ZodError,
  known: ReadonlySet<string>,
): FieldProblem[] {
  return error.issues.slice(0, MAX_FIELD_PROBLEMS).map((issue) => ({
    in: where,
    path: issue.path
      .map((part) => (typeof part === "number" || known.has(String(part)) ? String(part) : "*"))
      .join("."),
    problem: issue.code === "unrecognized_keys" ? "unknown field" : issue.message,
  }));
}
