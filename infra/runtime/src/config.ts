import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
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

/** Schema of a secret of 32 bytes, in base64. */
export const secretKey = () =>
  z
    .base64("must be base64")
    .refine((text) => Buffer.from(text, "base64").length === 32, "must be 32 bytes in base64")
    .transform((value) => new Secret(value));

/** Settings that a service reads, by the name of their variable. */
export type ConfigShape = z.ZodRawShape;

/** What the settings of a shape are once they are read. */
export type Config<Shape extends ConfigShape> = z.infer<z.ZodObject<Shape>>;

/** Others than the owner, and a group that writes. */
const LOOSE_MODE = 0o027;
/** Far more than a chain of certificates takes. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a service's settings, all at once, before anything is opened. `NAME_FILE` stands in for
 * `NAME` and names a file to read it from, so that secrets need not be in the environment. An empty
 * variable counts as absent.
 *
 * @param options.known tells the variables that mean something from slips of the pen; all of them unless given
 * @param options.problemsOf what is wrong with settings beside each other, once each is right by itself
 * @throws {RuntimeError} `invalid-configuration`, listing every missing, invalid or unknown variable by name, never by
 *   value, and every file of a secret that others than its owner and group may read
 */
export function readConfig<Shape extends ConfigShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
  options: {
    readonly known?: (name: string) => boolean;
    readonly problemsOf?: (config: Config<Shape>) => readonly string[];
  } = {},
): Config<Shape> {
  const { values, loose, problems, unread } = gather(Object.keys(shape), env);
  const { known } = options;
  for (const name of known ? Object.keys(env) : []) {
    if (!known?.(name) && !known?.(name.replace(/_FILE$/, ""))) problems.push(`${name}: is no setting`);
  }
  const result = z.object(shape).safeParse(values);
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0] ?? "");
    if (!unread.has(name)) problems.push(`${name}: ${describeIssue(issue, values[name] === undefined)}`);
  }
  if (result.success) {
    for (const name of loose) {
      if ((result.data as Record<string, unknown>)[name] instanceof Secret)
        problems.push(`${name}: others may read or change the file that ${name}_FILE names: chmod 0400 it`);
    }
    problems.push(...(options.problemsOf?.(result.data) ?? []));
    if (problems.length === 0) return result.data;
  }
  throw new RuntimeError("invalid-configuration", `invalid configuration: ${problems.join("; ")}`);
}

/** The values of variables and of the files that stand in for them. */
function gather(names: readonly string[], env: NodeJS.ProcessEnv) {
  const values: Record<string, string | undefined> = {};
  const problems: string[] = [];
  const unread = new Set<string>();
  const loose: string[] = [];
  for (const name of names) {
    const path = env[`${name}_FILE`];
    if (!path) {
      values[name] = env[name] || undefined;
      continue;
    }
    try {
      const { text, mode } = readSmall(path);
      values[name] = text.trimEnd() || undefined;
      if ((mode & LOOSE_MODE) !== 0) loose.push(name);
    } catch {
      unread.add(name);
      problems.push(`${name}: the file that ${name}_FILE names cannot be read, or is no small file`);
    }
  }
  return { values, loose, problems, unread };
}

function readSmall(path: string): { text: string; mode: number } {
  const file = openSync(path, "r");
  try {
    const { size, mode } = fstatSync(file);
    if (size > MAX_FILE_BYTES) throw new RangeError("too large");
    return { text: readFileSync(file, "utf8"), mode };
  } finally {
    closeSync(file);
  }
}

function describeIssue(issue: z.core.$ZodIssue, absent: boolean): string {
  if (absent) return "is missing";
  // The names of unknown keys come from the value, and so would be part of it.
  return issue.code === "unrecognized_keys" ? "has unknown fields" : issue.message;
}
