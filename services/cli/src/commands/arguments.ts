import { InvalidArgumentError } from "commander";
import { ROLES } from "@daybook/runtime/client";

export { ROLES };

/** Of an option that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The same, of a role. */
export function roles(value: string, before: string[] = []): string[] {
  if (!ROLES.some((role) => role === value))
    throw new InvalidArgumentError(`one of ${ROLES.join(", ")} is wanted`);
  return [...before, value];
}
