import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ArchiveError } from "@daybook/archive-core";
import { hasCode, unless } from "./failure.ts";

/** Never part of a key, so names with it are ours. */
export const OWN = "@";

const TEMP = `${OWN}tmp`;
const MAX_KEY = 512;
/** File systems allow 255; ours need room for a suffix. */
const MAX_SEGMENT = 240;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** The directory of one store, with a place for what is being written. */
export class Root {
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly #durable = new Map<string, Promise<void>>();
  /** Directories found to be no symbolic links. */
  readonly #real = new Set<string>();

  private constructor(path: string) {
    this.path = path;
  }

  /** Opens a directory, made if it is not there, and sweeps what a crash left half written. */
  static async open(directory: string): Promise<Root> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const root = new Root(await realpath(directory));
    await syncDirectory(dirname(root.path));
    const temp = join(root.path, TEMP);
    await root.makeDirectory(temp);
    for (const name of await readdir(temp)) await rm(join(temp, name), { recursive: true, force: true });
    return root;
  }

  /** A name, fresh unless given, for something that is not yet, or no longer, an object. */
  temp(name = randomBytes(16).toString("hex")): string {
    return join(this.path, TEMP, name);
  }

  /**
   * Where an object is. Never outside the root.
   *
   * @throws {ArchiveError} `malformed`: not a key, or a segment of more than 240 characters
   */
  locate(key: string): string {
    const segments = key.split("/");
    const isKey =
      key.length <= MAX_KEY &&
      segments.every((s) => SEGMENT.test(s) && s !== "." && s !== ".." && s.length <= MAX_SEGMENT);
    if (!isKey) throw new ArchiveError("malformed", "not a key of an object");
    return join(this.path, ...segments);
  }

  /** Makes a directory below the root, durably, with those above it. Follows no symbolic link. */
  async makeDirectory(path: string): Promise<void> {
    if (path === this.path) return;
    let making = this.#durable.get(path);
    if (!making) {
      making = this.#make(path);
      this.#durable.set(path, making);
    }
    try {
      await making;
    } catch (error) {
      this.forget(path);
      throw error;
    }
  }

  /** Refuses a directory that is, or is below, a symbolic link. One that is not there is no danger. */
  async refuseLinks(path: string): Promise<void> {
    if (path === this.path || this.#real.has(path)) return;
    await this.refuseLinks(dirname(path));
    const there = await unless(lstat(path), undefined, "ENOENT", "ENOTDIR");
    if (there?.isSymbolicLink()) throw notAFile();
    if (there?.isDirectory()) this.#real.add(path);
  }

  /** A directory may have been removed: the next `makeDirectory` looks again. */
  forget(path: string): void {
    this.#real.delete(path);
    for (const known of this.#durable.keys()) {
      if (known === path || known.startsWith(`${path}/`) || path.startsWith(`${known}/`)) {
        this.#durable.delete(known);
      }
    }
  }

  async #make(path: string): Promise<void> {
    const parent = dirname(path);
    await this.makeDirectory(parent);
    await unless(mkdir(path, { mode: 0o700 }), undefined, "EEXIST");
    if (!(await lstat(path)).isDirectory()) {
      throw new ArchiveError("corrupt", "something other than a directory stands where one should be");
    }
    await syncDirectory(parent);
  }
}

/** Makes names that were added to or removed from a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file that was not there, for writing. */
export function createFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
}

/** A file that is open for reading, and what it was when it was opened. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/** Opens a regular file for reading; undefined when there is none. @throws {ArchiveError} `corrupt`: a link */
export async function openFile(path: string): Promise<OpenFile | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await unless(open(path, flags), undefined, "ENOENT", "ENOTDIR").catch((error: unknown) => {
    throw hasCode(error, "ELOOP") ? notAFile() : error;
  });
  if (!handle) return undefined;
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, stats };
  await handle.close();
  return undefined;
}

export function notAFile(): ArchiveError {
  return new ArchiveError("corrupt", "something other than a file stands where an object should be");
}
