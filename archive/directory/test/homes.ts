import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

/** A directory of its own for a test. */
export async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "directory-"));
  made.push(home);
  return home;
}

/** Removes them all. */
export async function removeHomes(): Promise<void> {
  for (const home of made.splice(0)) await rm(home, { recursive: true, force: true });
}

/** Every file below a directory, by its path from there. */
export async function filesBelow(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    if ((await stat(path)).isFile()) files.set(name, await readFile(path));
  }
  return files;
}

/** Names of the files below a directory that hold `text`. */
export async function filesWith(directory: string, text: string): Promise<string[]> {
  const sample = text.slice(0, 100);
  return [...(await filesBelow(directory))].flatMap(([name, bytes]) =>
    bytes.includes(sample) ? [name] : [],
  );
}
