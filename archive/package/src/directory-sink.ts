import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { safePath } from "./file-name.ts";
import type { FileBody, PackageSink } from "./sink.ts";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * A package as a directory, which is created if need be. Files are readable by their owner only and never
 * replace one that is there. Not fsynced: what a crash cuts short can be made again.
 */
export function directorySink(dir: string): PackageSink {
  const made = new Map<string, Promise<unknown>>();
  const folder = (path: string) => {
    const making = made.get(path) ?? mkdir(path, { recursive: true, mode: FOLDER_MODE });
    made.set(path, making);
    return making;
  };
  return {
    async add(path: string, body: FileBody) {
      const target = join(dir, safePath(path));
      await folder(dirname(target));
      if (typeof body === "string" || body instanceof Uint8Array) {
        await writeFile(target, body, { flag: "wx", mode: FILE_MODE });
        return;
      }
      await using file = await open(target, "wx", FILE_MODE);
      for await (const chunk of body) await file.writeFile(chunk);
    },
    async finish() {
      await folder(dir);
    },
  };
}
