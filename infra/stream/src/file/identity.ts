import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { StreamError } from "../port.ts";
import type { Disk } from "./disk.ts";
import { readJson, writeJson } from "./small-file.ts";

export const IDENTITY_FILE = "stream.json";

/**
 * The id of the stream in a directory: made once, durably, before the first message.
 *
 * @throws {StreamError} `corrupt`: there are messages, but the file that says whose they are is lost or altered
 */
export async function openIdentity(root: string, disk: Disk): Promise<string> {
  const path = join(root, IDENTITY_FILE);
  const kept = await readJson(path);
  if (kept?.["v"] === 1 && typeof kept["id"] === "string" && /^[0-9a-f]{32}$/.test(kept["id"]))
    return kept["id"];
  if (kept !== undefined) throw new StreamError("corrupt", `${path} is not a stream's identity: restore it`);
  const entries = await readdir(root, { withFileTypes: true });
  if (entries.some((entry) => entry.isDirectory())) {
    throw new StreamError("corrupt", `${path} is missing, though there are partitions beside it: restore it`);
  }
  const id = randomBytes(16).toString("hex");
  await writeJson(path, { v: 1, id }, disk);
  return id;
}
