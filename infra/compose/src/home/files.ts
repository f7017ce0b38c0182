import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";

const MAX_BYTES = 64 * 1024;

/** Makes a directory for its owner alone, or makes an existing one so. Missing ones above it are made likewise. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await makeDirectory(path, 0o700);
  await chmod(path, 0o700);
}

/** Makes a directory and the missing ones above it, whatever the umask. One that exists stays as it is. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
    await chmod(path, mode);
  } catch (err) {
    if (codeOf(err) === "EEXIST") return;
    const above = dirname(path);
    // Where nothing can be made, as in /proc, that is ENOENT too, and Node's own recursion never ends.
    if (codeOf(err) !== "ENOENT" || above === path || (await stat(above).catch(() => undefined))) throw err;
    await makeDirectory(above, mode);
    await makeDirectory(path, mode);
  }
}

/** Writes a file for its owner alone, whole or not at all. Durable once resolved. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (err) {
    await rm(draft, { force: true });
    throw err;
  }
  await syncDirectory(dirname(path));
}

/** @returns undefined when there is no such file, or it is not what the schema says */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    if ((await stat(path)).size > MAX_BYTES) return undefined;
    return schema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch (err) {
    if (err instanceof SyntaxError || codeOf(err) === "ENOENT") return undefined;
    throw err;
  }
}

/** The code of a system error, such as `EACCES`. */
export function codeOf(err: unknown): string | undefined {
  const { code } = err as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(join(path, "."), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
