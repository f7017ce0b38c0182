import { open } from "node:fs/promises";
import type { ZodType } from "zod";
import { CliError } from "../error.ts";

const MAX_FILE_BYTES = 1024 * 1024;
/** Others than the owner. */
const LOOSE_MODE = 0o077;

/**
 * Reads JSON that holds secrets.
 *
 * @param what completes "the file of"
 * @throws {CliError} for a file that says something else, naming where and no value, or that others may read
 */
export async function readPrivateSettings<Settings>(
  path: string,
  what: string,
  schema: ZodType<Settings>,
): Promise<Settings> {
  const text = await readPrivate(path, what);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CliError(`the file of ${what} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => issue.path.join(".") || "as a whole").join(", ");
  throw new CliError(`the file of ${what} is wrong at: ${where}`);
}

async function readPrivate(path: string, what: string): Promise<string> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new CliError(`the file of ${what} cannot be read`, { cause });
  });
  try {
    const { size, mode } = await file.stat();
    if ((mode & LOOSE_MODE) !== 0) throw new CliError(`others may read the file of ${what}: chmod 0600 it`);
    if (size > MAX_FILE_BYTES) throw new CliError(`the file of ${what} is too large`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
