import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import type { PackageFiles } from "./package-files.ts";
import { BadFile, type Problems } from "./problems.ts";

const MAX_FILES = 20_000_000;
/** `data/logs/SHARD/checkpoint` is as deep as it gets. */
const MAX_DEPTH = 4;
const CHUNK_BYTES = 1024 * 1024;
/** Follows no link, waits for no pipe. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Lists a package's directory. Links, devices and whatever else is no file are problems and are never opened. */
export function directoryFiles(root: string, problems: Problems): PackageFiles {
  const sizes = new Map<string, number>();
  list("", 1);
  return { sizes, read, stream, close: () => undefined };

  function list(folder: string, depth: number): void {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    if (entries.length === 0 && folder !== "")
      problems.add(folder.slice(0, -1), "an empty folder has no place here");
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder + entry.name;
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH) problems.guard(path, () => list(`${path}/`, depth + 1));
        else problems.add(path, "this folder has no place here");
      } else if (!entry.isFile()) problems.add(path, "neither a file nor a folder");
      else if (sizes.size >= MAX_FILES) problems.add(path, "too many files");
      else problems.guard(path, () => sizes.set(path, lstatSync(join(root, path)).size));
    }
  }

  function open(path: string): number {
    const fd = openSync(join(root, path), OPEN_FLAGS);
    const now = fstatSync(fd);
    if (now.isFile() && now.size === sizes.get(path)) return fd;
    closeSync(fd);
    throw new BadFile("changed while it was being read");
  }

  function read(path: string): Buffer {
    const fd = open(path);
    try {
      const bytes = Buffer.allocUnsafe(sizes.get(path) ?? 0);
      fill(fd, bytes);
      return bytes;
    } finally {
      closeSync(fd);
    }
  }

  async function* stream(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const fd = open(path);
    try {
      for (let left = sizes.get(path) ?? 0; left > 0;) {
        const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
        fill(fd, chunk);
        left -= chunk.length;
        yield await Promise.resolve(chunk);
      }
    } finally {
      closeSync(fd);
    }
  }
}

function fill(fd: number, target: Buffer): void {
  for (let at = 0; at < target.length;) {
    const count = readSync(fd, target, at, target.length - at, null);
    if (count === 0) throw new BadFile("changed while it was being read");
    at += count;
  }
}
