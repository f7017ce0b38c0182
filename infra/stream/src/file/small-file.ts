import { randomBytes } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { type Disk, systemCode } from "./disk.ts";

const MAX_BYTES = 64 * 1024;

/** Writes a small JSON file whole: durable once resolved, and never seen half written. Mode 0600. */
export async function writeJson(path: string, value: unknown, disk: Disk): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  const file = await disk.open(draft, "create");
  try {
    try {
      await file.write(Buffer.from(`${JSON.stringify(value)}\n`), 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await unlink(draft).catch(() => undefined);
    throw cause;
  }
  await disk.syncDirectory(dirname(path));
}

/** The fields of a small JSON file; undefined when there is no such file, null when it is not one of ours. */
export async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | null | undefined> {
  let file;
  try {
    file = await open(path, "r");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const bytes = Buffer.alloc(MAX_BYTES);
    const { bytesRead } = await file.read(bytes, 0, MAX_BYTES, 0);
    const value: unknown = JSON.parse(bytes.toString("utf8", 0, bytesRead));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  } finally {
    await file.close();
  }
}
