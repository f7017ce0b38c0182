import { open } from "node:fs/promises";
import type { z, ZodType } from "zod";
import { CliError } from "../error.ts";
import { printable } from "../output.ts";

const MAX_FILE_BYTES = 1024 * 1024;
/** Others than the owner. */
const LOOSE_MODE = 0o077;

/**
 * Reads JSON that holds secrets.
 *
 * @param what completes "the file of"
 * @throws {CliError} for a file that says something else, naming where, why and no value, or that others may read
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
    const where = text.trim() === "" ? ": it is empty" : placeOf(cause, text);
    throw new CliError(`the file of ${what} is not JSON${where}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "the file as a whole"} (${problemOf(issue)})`,
  );
  throw new CliError(`the file of ${what} is wrong at: ${wrong.join(", ")}`);
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `knows no ${issue.keys.map(printable).join(", ")}`;
  // Whatever was to be there, nothing is.
  return issue.message.endsWith("received undefined") ? "is missing" : issue.message;
}

/** Where JSON breaks off. What the system says of it quotes the file, and is not handed on. */
function placeOf(error: unknown, text: string): string {
  const at = /at position (\d+)/.exec(String((error as { message?: unknown }).message))?.[1];
  if (at === undefined) return ": see its quotes, commas and brackets";
  const before = text.slice(0, Number(at)).split("\n");
  return `: look at line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

async function readPrivate(path: string, what: string): Promise<string> {
  const file = await open(path, "r").catch((cause: unknown) => {
    const { code } = cause as { code?: unknown };
    const why = code === "ENOENT" ? "is not there" : "cannot be read";
    throw new CliError(`the file of ${what} ${why}: ${printable(path)}`, { cause });
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new CliError(`the file of ${what} is no file: ${printable(path)}`);
    if ((found.mode & LOOSE_MODE) !== 0)
      throw new CliError(`others may read the file of ${what}: chmod 0600 ${printable(path)}`);
    if (found.size > MAX_FILE_BYTES) throw new CliError(`the file of ${what} is too large: over 1 MiB`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
