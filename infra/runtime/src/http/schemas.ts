import { z } from "zod";

/**
 * A list in a query string, where one value arrives as a string and several as an array. Add `.optional()`
 * or `.default([])` where it may be absent.
 */
export function listOf<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(item));
}

/** A yes or no in a query string: `true`, `false`, `1`, `0`, or the bare name. */
export function flag() {
  return z.enum(["", "true", "false", "1", "0"]).transform((value) => value !== "false" && value !== "0");
}

/** Every property name that occurs in a schema, at any depth. */
export function namesIn(schema: z.ZodType): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) return node.forEach(walk);
    const { properties } = node as { properties?: unknown };
    if (typeof properties === "object" && properties !== null) {
      for (const name of Object.keys(properties)) names.add(name);
    }
    Object.values(node).forEach(walk);
  };
  walk(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return names;
}
