import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import { CliError } from "./error.ts";

/**
 * Unpacks a package's ZIP: one folder, regular files, nothing outside it.
 *
 * @param folder the one folder that the ZIP must hold; its content goes to `dir`, which must not exist
 * @throws {CliError} for any other ZIP
 */
export async function unpack(zip: string, dir: string, folder: string): Promise<void> {
  const archive = await openPromise(zip, {
    lazyEntries: true,
    strictFileNames: true,
    validateEntrySizes: true,
  });
  const made = new Set<string>();
  await mkdir(dir, { mode: 0o700 });
  try {
    for await (const entry of archive.eachEntry()) {
      const path = entry.fileName;
      if (!path.startsWith(`${folder}/`) || path.endsWith("/") || path.split("/").includes("..")) {
        throw new CliError("the server sent a package that is not in order: see its log");
      }
      const target = join(dir, path.slice(folder.length + 1));
      const parent = dirname(target);
      if (!made.has(parent)) await mkdir(parent, { recursive: true, mode: 0o700 });
      made.add(parent);
      await pipeline(
        await archive.openReadStreamPromise(entry),
        createWriteStream(target, { flags: "wx", mode: 0o600 }),
      );
    }
  } finally {
    archive.close();
  }
}
