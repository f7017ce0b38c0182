import { ArchiveError } from "./error.ts";

/** What JSON can say. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/** Deepest nesting that is written or read: far beyond what a record holds, far below what the stack holds. */
const MAX_DEPTH = 256;

/**
 * Canonical JSON. Members that are `undefined` are left out.
 *
 * @throws {ArchiveError} `malformed` for a lone surrogate, a number that JSON cannot say, or over 256 levels
 * @see RFC 8785
 */
export function canonical(value: Json): string {
  return write(value, 0);
}

function write(value: Json, depth: number): string {
  if (typeof value === "string") {
    if (!value.isWellFormed())
      throw new ArchiveError("malformed", "a string with a lone surrogate has no canonical form");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      throw new ArchiveError("malformed", "a number that is not finite has no canonical form");
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (depth === MAX_DEPTH) throw new ArchiveError("malformed", "nested too deeply for a canonical form");
  if (isArray(value)) {
    let out = "[";
    for (const [i, item] of value.entries()) out += `${i === 0 ? "" : ","}${write(item, depth + 1)}`;
    return `${out}]`;
  }
  let out = "";
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined) out += `${out === "" ? "" : ","}${write(name, 0)}:${write(member, depth + 1)}`;
  }
  return `{${out}}`;
}

/**
 * Parses canonical JSON and nothing else: duplicate names, other spellings and white space are refused.
 *
 * @throws {ArchiveError} `malformed`
 */
export function parseCanonical(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new ArchiveError("malformed", "not JSON", { cause });
  }
  if (canonical(value) !== text) throw new ArchiveError("malformed", "not canonical JSON (RFC 8785)");
  return value;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
