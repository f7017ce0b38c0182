import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { z } from "zod";
import { RuntimeError } from "./error.ts";

/** A value that prints as `[secret]` everywhere but where `reveal()` is called. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it where it is used, and keep the result in no field. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** Schema of a non-empty setting that must not be printed. */
export const secret = () =>
  z
    .string()
    .min(1)
    .transform((value) => new Secret(value));

/**
 * Reads a service's settings, all at once, before anything is opened. `NAME_FILE` stands in for
 * `NAME` and names a file to read it from, so that secrets need not be in the environment. An empty
 * variable counts as absent.
 *
 * @throws {RuntimeError} `invalid-configuration`, listing every missing or invalid variable by name, never by value
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<Shape>> {
  const values: Record<string, string | undefined> = {};
  const problems: string[] = [];
  const unread = new Set<string>();
  for (const name of Object.keys(shape)) {
    const file = env[`${name}_FILE`];
    if (!file) {
      values[name] = env[name] || undefined;
      continue;
    }
    try {
      values[name] = readFileSync(file, "utf8").trimEnd() || undefined;
    } catch {
      unread.add(name);
      problems.push(`  ${name}: the file that ${name}_FILE names cannot be read`);
    }
  }
  const result = z.object(shape).safeParse(values);
  if (result.success && problems.length === 0) return result.data;
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0] ?? "");
    if (!unread.has(name)) problems.push(`  ${name}: ${describeIssue(issue, values[name] === undefined)}`);
  }
  throw new RuntimeError("invalid-configuration", `invalid configuration\n${problems.join("\n")}`);
}

function describeIssue(issue: z.core.$ZodIssue, absent: boolean): string {
  if (absent) return "is missing";
  // The names of unknown keys come from the value, and so would be part of it.
  return issue.code === "unrecognized_keys" ? "has unknown fields" : issue.message;
}
