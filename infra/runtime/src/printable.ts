import { Secret } from "./config.ts";

const MAX_STRING = 2_000;
const MAX_ENTRIES = 100;
const MAX_DEPTH = 4;

// How the codes of this house look. Node writes ENOENT and ERR_X, PostgreSQL 23505 and P0001; the messages of
// theirs may quote a value, ours never do.
const OUR_CODE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** A copy of `value` that is safe to print as JSON: bounded, without secrets, bytes or foreign error texts. */
export function printable(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.length > MAX_STRING ? `${value.slice(0, MAX_STRING)}…` : value;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Secret) return "[secret]";
  if (value instanceof Error) return printableError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return "[deep]";
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => printable(item, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(entries.map(([name, item]) => [name, printable(item, depth + 1)]));
}

function printableError(error: Error, depth: number): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  const known = typeof code === "string" || typeof code === "number" ? code : undefined;
  const ours = typeof known === "string" && OUR_CODE.test(known);
  return {
    name: error.name,
    ...(known === undefined ? {} : { code: known }),
    ...(ours ? { message: printable(error.message) } : {}),
    at: framesOf(error),
    ...(error.cause instanceof Error && depth < MAX_DEPTH
      ? { cause: printableError(error.cause, depth + 1) }
      : {}),
  };
}

/** The places in the source, without the head of the stack, which repeats the message. */
function framesOf(error: Error): string[] {
  const stack = error.stack ?? "";
  const start = error.message === "" ? 0 : stack.indexOf(error.message);
  // A message that was changed after the stack was taken cannot be cut away: print nothing of it.
  if (start === -1) return [];
  return stack
    .slice(start + error.message.length)
    .split("\n")
    .slice(1, 11)
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "));
}
