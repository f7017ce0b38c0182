import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Objects that one identity has written, by the store's log of requests: what was refused does not count. */
export async function objectsWritten(log: string, identity: string): Promise<number> {
  const written = new RegExp(` ${identity} \\S+ s3_PutObject \\S+ \\S+ 200 `);
  return (await readFile(log, "utf8")).split("\n").filter((line) => written.test(line)).length;
}

/** Bytes of all files below directories. */
export async function storedBytes(dirs: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const dir of dirs) {
    for (const one of await readdir(dir, { recursive: true, withFileTypes: true }))
      if (one.isFile()) bytes += (await stat(join(one.parentPath, one.name))).size;
  }
  return bytes;
}
