import { readFile, stat } from "node:fs/promises";
import { CliError } from "./error.ts";

const MAX_PEM_BYTES = 1024 * 1024;

/** Reads a file of certificates that a person names. @throws {CliError} */
export async function readPem(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > MAX_PEM_BYTES) throw new Error("too large");
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CliError(`${file} cannot be read: give a file of certificates, PEM`, { cause });
  }
}
