import { open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces a file of mode 0600 as a whole: after a crash it is the old one or the new one. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await rename(temporary, path);
  const dir = await open(dirname(path), "r");
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}
