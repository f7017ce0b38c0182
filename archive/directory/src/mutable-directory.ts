import { hash, randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ArchiveError, type Measured, type MutableStore } from "@daybook/archive-core";
import { hasCode, onStore, streamFromStore, unless } from "./failure.ts";
import { createFile, notAFile, openFile, OWN, type Root, syncDirectory } from "./root.ts";
import { candidateName, currentVersion, deadFiles, replacedName, type Version } from "./versions.ts";
import { walk } from "./walk.ts";

/** Times that a step is tried again which others, at work on the same key, can get in the way of. */
const ATTEMPTS = 10;

/**
 * Small objects that change, each a directory `KEY@` of versions, normally one. Compare-and-swap holds between
 * processes, without lock files, and across crashes: see versions.ts. Replaced and removed bytes are unlinked
 * before the call resolves; what the disk keeps in its free blocks is beyond this code.
 */
export class MutableDirectory implements MutableStore, Measured {
  readonly #root: Root;

  constructor(root: Root) {
    this.#root = root;
  }

  async read(key: string): Promise<{ body: Uint8Array; tag: string } | undefined> {
    const directory = this.#locate(key);
    return onStore(async () => {
      for (;;) {
        const files = await this.#files(directory);
        const version = currentVersion(files);
        if (!version) return undefined;
        // A writer died, or is about to do the same.
        if (version.file !== version.id || deadFiles(files).length > 0) await tidy(directory);
        const file = await openFile(join(directory, version.file));
        // Gone since the listing: there is a newer one.
        if (!file) continue;
        try {
          return { body: await file.handle.readFile(), tag: version.id };
        } finally {
          await file.handle.close();
        }
      }
    });
  }

  async replace(key: string, body: Uint8Array, tag: string | undefined): Promise<string> {
    const directory = this.#locate(key);
    return onStore(async () => {
      const version = currentVersion(await this.#files(directory));
      if (version?.id !== tag) throw conflict();
      return version ? this.#swap(directory, body, version) : this.#create(directory, body);
    });
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    const directory = this.#locate(key);
    await onStore(async () => {
      for (;;) {
        const version = currentVersion(await this.#files(directory));
        try {
          await (version ? this.#swap(directory, body, version) : this.#create(directory, body));
          return;
        } catch (error) {
          if (!(error instanceof ArchiveError) || error.code !== "conflict") throw error;
        }
      }
    });
  }

  async remove(key: string): Promise<void> {
    const directory = this.#locate(key);
    const parent = dirname(directory);
    // The same name each time, so that a repeated call finishes what a failed one began.
    const trash = this.#root.temp(hash("sha256", key));
    await onStore(async () => {
      await this.#root.refuseLinks(parent);
      await this.#discard(directory, trash);
      await unless(syncDirectory(parent), undefined, "ENOENT", "ENOTDIR");
      await rm(trash, { recursive: true, force: true });
      await this.#removeEmpty(parent);
    });
  }

  async *sizes(prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
    for await (const key of this.list(prefix)) {
      const there = await this.read(key);
      if (there) yield { key, sizeBytes: there.body.length };
    }
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    yield* streamFromStore(() => walk(this.#root, prefix));
  }

  #locate(key: string): string {
    return this.#root.locate(key) + OWN;
  }

  async #discard(directory: string, trash: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      await rm(trash, { recursive: true, force: true });
      try {
        await unless(rename(directory, trash), undefined, "ENOENT", "ENOTDIR");
        return;
      } catch (error) {
        // Somebody else removed the same object in between.
        if (!hasCode(error, "ENOTEMPTY", "EEXIST") || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #files(directory: string): Promise<string[]> {
    await this.#root.refuseLinks(dirname(directory));
    const there = await unless(lstat(directory), undefined, "ENOENT", "ENOTDIR");
    if (there?.isSymbolicLink()) throw notAFile();
    return there ? list(directory) : [];
  }

  /** A directory with its first version appears in one step, where there was none. */
  async #create(directory: string, body: Uint8Array): Promise<string> {
    const temp = this.#root.temp();
    const id = newId();
    try {
      await mkdir(temp, { mode: 0o700 });
      await writeFile(join(temp, id), body);
      await syncDirectory(temp);
      await this.#moveInto(temp, directory);
      // Somebody may have removed it again, and the directory with it.
      await unless(syncDirectory(dirname(directory)), undefined, "ENOENT", "ENOTDIR");
      return id;
    } finally {
      await rm(temp, { recursive: true, force: true });
    }
  }

  async #moveInto(temp: string, directory: string): Promise<void> {
    const parent = dirname(directory);
    for (let attempt = 1; ; attempt += 1) {
      await this.#root.makeDirectory(parent);
      try {
        await rename(temp, directory);
        return;
      } catch (error) {
        if (hasCode(error, "ENOTEMPTY", "EEXIST")) throw conflict();
        if (!hasCode(error, "ENOENT") || attempt === ATTEMPTS) throw error;
        this.#root.forget(parent);
      }
    }
  }

  async #swap(directory: string, body: Uint8Array, version: Version): Promise<string> {
    const base = version.id;
    const id = newId();
    const candidate = join(directory, candidateName(base, id));
    try {
      await writeFile(candidate, body);
      const settled = await settle(directory, version);
      await rename(join(directory, settled), join(directory, replacedName(base, id)));
    } catch (error) {
      await unless(unlink(candidate), undefined, "ENOENT", "ENOTDIR");
      throw hasCode(error, "ENOENT") ? conflict() : error;
    }
    // From here on the new version counts. Somebody may remove it, or replace it in turn.
    await tidy(directory);
    return id;
  }

  /** Removes directories that no object needs any more. */
  async #removeEmpty(directory: string): Promise<void> {
    for (let at = directory; at !== this.#root.path; at = dirname(at)) {
      try {
        await rmdir(at);
      } catch (error) {
        if (hasCode(error, "ENOTEMPTY", "EEXIST")) return;
        if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
      }
      this.#root.forget(at);
    }
  }
}

/** Makes the version that counts durable, gives it its own name and removes what it replaced, durably. */
async function tidy(directory: string): Promise<void> {
  await unless(syncDirectory(directory), undefined, "ENOENT", "ENOTDIR");
  const files = await list(directory);
  const version = currentVersion(files);
  if (!version) return;
  const settled = await settle(directory, version);
  for (const file of deadFiles(files.map((name) => (name === version.file ? settled : name)))) {
    await unless(unlink(join(directory, file)), undefined, "ENOENT");
  }
  await unless(syncDirectory(directory), undefined, "ENOENT", "ENOTDIR");
}

/** Gives a version that counts its own name, unless somebody has. @returns the name of its file */
async function settle(directory: string, { id, file }: Version): Promise<string> {
  if (!file.startsWith("+")) return file;
  await unless(rename(join(directory, file), join(directory, id)), undefined, "ENOENT");
  return id;
}

function list(directory: string): Promise<string[]> {
  return unless(readdir(directory), [], "ENOENT", "ENOTDIR");
}

async function writeFile(path: string, body: Uint8Array): Promise<void> {
  const handle = await createFile(path);
  try {
    await handle.writeFile(body);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function newId(): string {
  return randomBytes(16).toString("hex");
}

function conflict(): ArchiveError {
  return new ArchiveError("conflict", "the object was changed or removed in the meantime");
}
