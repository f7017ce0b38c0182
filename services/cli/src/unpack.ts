import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import { CliError } from "./error.ts";

const NOT_IN_ORDER = "the server sent a package that is not in order: see its log";
/** The bits of a Unix mode that say what kind of file it is; none set where the ZIP was not made on Unix. */
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;

/**
 * Unpacks a package's ZIP: one folder, regular files, nothing outside it.
 *
 * @param folder the one folder that the ZIP must hold; its content goes to `dir`, which must not exist
 * @throws {CliError} for any other ZIP
 */
export async function unpack(zip: string, dir: string, folder: string): Promise<void> {
  const made = new Set<string>();
  let archive: Awaited<ReturnType<typeof openPromise>> | undefined;
  await mkdir(dir, { mode: 0o700 });
  try {
    archive = await openPromise(zip, {
      lazyEntries: true,
      strictFileNames: true,
      validateEntrySizes: true,
    });
    for await (const entry of archive.eachEntry()) {
      const path = entry.fileName;
      const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
      if (
        !path.startsWith(`${folder}/`) ||
        path.endsWith("/") ||
        path.split("/").includes("..") ||
        (type !== 0 && type !== REGULAR)
      ) {
        throw new CliError(NOT_IN_ORDER);
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
  } catch (cause) {
    // What the ZIP reader refuses has no code; what the system answers has one.
    if (cause instanceof CliError || (cause instanceof Error && "code" in cause)) throw cause;
    throw new CliError(NOT_IN_ORDER, { cause });
  } finally {
    archive?.close();
  }
}
