import type { Role } from "@daybook/runtime";
import { RecordsError } from "../error.ts";

/** Roles that read content: whoever runs Daybook has none of them. */
const READING: readonly Role[] = ["records-officer", "reviewer", "auditor"];

/** Two roles that nobody may have at once, if these hold such a pair. */
export function forbiddenPair(roles: readonly Role[]): readonly [Role, Role] | undefined {
  const reading = READING.find((role) => roles.includes(role));
  return reading !== undefined && roles.includes("administrator") ? ["administrator", reading] : undefined;
}

/** @throws {RecordsError} `forbidden-pair`, with both roles named */
export function requireNoPair(roles: readonly Role[]): void {
  const pair = forbiddenPair(roles);
  if (!pair) return;
  throw new RecordsError("forbidden-pair", `nobody may be ${pair[0]} and ${pair[1]} at once: choose one`);
}
