import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { codeOf, writePrivateFile } from "../home/files.ts";

/** The password kept in a file for this user alone; a new one, durable, where there is none. */
export async function keptPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (err) {
    if (codeOf(err) !== "ENOENT") throw err;
  }
  const password = randomBytes(32).toString("hex");
  await writePrivateFile(path, `${password}\n`);
  return password;
}
