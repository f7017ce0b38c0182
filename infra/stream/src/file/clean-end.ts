import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { StreamError } from "../port.ts";
import { type Disk, systemCode } from "./disk.ts";
import { readJson, writeJson } from "./small-file.ts";

const FILE = "closed.json";

/**
 * Notes where each partition ends when the stream is closed in good order. The note tells a last message that
 * was damaged while nothing ran from one that a crash cut short.
 */
export async function writeEnds(root: string, ends: ReadonlyMap<string, number>, disk: Disk): Promise<void> {
  await writeJson(join(root, FILE), { v: 1, ends: Object.fromEntries(ends) }, disk);
}

/**
 * Where each partition ended; empty after a crash.
 *
 * @throws {StreamError} `corrupt`: the note is damaged
 */
export async function readEnds(root: string): Promise<ReadonlyMap<string, number>> {
  const path = join(root, FILE);
  const note = await readJson(path);
  if (note === undefined) return new Map();
  const ends: unknown = note?.["v"] === 1 ? note["ends"] : undefined;
  if (typeof ends === "object" && ends !== null) {
    const entries = Object.entries(ends).filter((entry): entry is [string, number] =>
      Number.isSafeInteger(entry[1]),
    );
    if (entries.length === Object.keys(ends).length) return new Map(entries);
  }
  throw new StreamError("corrupt", `${path} is damaged: remove it to go on without its check`);
}

/** Lets go of the note, durably: from now on messages are added. */
export async function removeEnds(root: string, disk: Disk): Promise<void> {
  try {
    await unlink(join(root, FILE));
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT") throw cause;
  }
  await disk.syncDirectory(root);
}
