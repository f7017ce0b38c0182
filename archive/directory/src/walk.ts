import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { unless } from "./failure.ts";
import { OWN, type Root } from "./root.ts";

/**
 * Keys of a store that start with `prefix`, after `after`, in byte order. Holds the names of one directory a
 * level at a time. An object is a file, or a directory whose name ends in `@`.
 */
export async function* walk(root: Root, prefix: string, after = ""): AsyncGenerator<string, void, undefined> {
  yield* below(root.path, "", prefix, after);
}

async function* below(
  directory: string,
  base: string,
  prefix: string,
  after: string,
): AsyncGenerator<string, void, undefined> {
  for (const name of await names(directory)) {
    const key = base + name;
    if (!name.endsWith("/")) {
      if (key.startsWith(prefix) && key > after) yield key;
    } else if ((key.startsWith(prefix) || prefix.startsWith(key)) && (key > after || after.startsWith(key))) {
      yield* below(join(directory, name), key, prefix, after);
    }
  }
}

/** Names of objects and, ending in `/`, of directories: their order as strings is the byte order of the keys. */
async function names(directory: string): Promise<string[]> {
  const entries = await unless(opendir(directory, { bufferSize: 1_024 }), undefined, "ENOENT");
  const found: string[] = [];
  for await (const entry of entries ?? []) {
    const isDirectory = entry.isDirectory();
    if (!entry.name.includes(OWN)) {
      if (isDirectory) found.push(`${entry.name}/`);
      else if (entry.isFile()) found.push(entry.name);
    } else if (isDirectory && entry.name.length > 1 && entry.name.indexOf(OWN) === entry.name.length - 1) {
      found.push(entry.name.slice(0, -1));
    }
  }
  // All of them are ASCII, so UTF-16 order is byte order.
  return found.sort((a, b) => (a < b ? -1 : 1));
}
