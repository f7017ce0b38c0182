import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const made: string[] = [];

/** A directory of its own that `removeTemporary` removes. */
export async function temporary(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "daybook-stream-"));
  made.push(dir);
  return dir;
}

export async function removeTemporary(): Promise<void> {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
}

/** What a crash at this moment would leave of an open stream's directory, its process gone. */
export async function afterCrash(dir: string): Promise<string> {
  const copy = join(await temporary(), "stream");
  await cp(dir, copy, { recursive: true, filter: (path) => !basename(path).startsWith("lock-") });
  return copy;
}

/** Paths of a partition's segment files, oldest first. */
export async function segments(dir: string, name: string): Promise<string[]> {
  return (await readdir(join(dir, name))).sort().map((file) => join(dir, name, file));
}
