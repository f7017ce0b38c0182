import { createHash } from "node:crypto";
import { type FileHandle, link, lstat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import {
  ArchiveError,
  type Body,
  type Expirer,
  type LockedObject,
  type LockedReader,
  type LockedWriter,
  type LockExtender,
  type Measured,
  Turns,
} from "@daybook/archive-core";
import { hasCode, onStore, streamFromStore, unless } from "./failure.ts";
import { createFile, notAFile, type OpenFile, openFile, OWN, type Root, syncDirectory } from "./root.ts";
import { walk } from "./walk.ts";

const HOLD = `${OWN}hold`;
const CHUNK = 256 * 1024;

/**
 * Write-once objects as read-only files. A file's modification time is the date until which it is locked; a
 * legal hold is an empty file `NAME@hold` beside it. The lock is kept by this code alone: whoever may write to
 * the directory can break it. `extend`, `setLegalHold` and `remove` belong to one process.
 */
export class LockedDirectory implements LockedWriter, LockedReader, LockExtender, Expirer, Measured {
  readonly #root: Root;
  readonly #now: () => Date;
  readonly #turns = new Turns();

  constructor(root: Root, now: () => Date) {
    this.#root = root;
    this.#now = now;
  }

  async put(object: {
    key: string;
    body: Body;
    retainUntil: Date;
    sha256?: string;
  }): Promise<{ created: boolean }> {
    const path = this.#root.locate(object.key);
    const directory = dirname(path);
    return onStore(async () => {
      const created = !(await this.#isTaken(path)) && (await this.#create(path, object));
      // A taken name may be another writer's that is not yet durable.
      await syncDirectory(directory);
      return { created };
    });
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Uint8Array> {
    const { start = 0, end = Infinity } = range ?? {};
    if (!(start >= 0 && end >= start)) throw new RangeError("a range ends at or after its start, from 0 on");
    return onStore(async () => {
      const { handle, stats } = await this.#open(key);
      try {
        const body = Buffer.allocUnsafe(Math.max(0, Math.min(end, stats.size) - start));
        for (let at = 0; at < body.length;) {
          const { bytesRead } = await handle.read(body, at, body.length - at, start + at);
          if (bytesRead === 0) throw new ArchiveError("corrupt", "an object has become shorter");
          at += bytesRead;
        }
        return body;
      } finally {
        await handle.close();
      }
    });
  }

  async *stream(key: string): AsyncGenerator<Uint8Array, void, undefined> {
    yield* streamFromStore(() => this.#read(key));
  }

  async stat(key: string): Promise<LockedObject | undefined> {
    const path = this.#root.locate(key);
    return onStore(() => this.#stat(path));
  }

  async *sizes(prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }, void, undefined> {
    for await (const key of this.list(prefix)) {
      const there = await this.stat(key);
      if (there) yield { key, sizeBytes: there.sizeBytes };
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<string, void, undefined> {
    yield* streamFromStore(() => walk(this.#root, prefix, after));
  }

  async extend(key: string, retainUntil: Date): Promise<void> {
    const until = wholeSecond(retainUntil);
    await this.#turns.take(key, () =>
      onStore(async () => {
        const { handle, stats } = await this.#open(key);
        try {
          if (lockOf(stats) < until) await lock(handle, until);
        } finally {
          await handle.close();
        }
      }),
    );
  }

  async setLegalHold(key: string, on: boolean): Promise<void> {
    const path = this.#root.locate(key);
    await this.#turns.take(key, () =>
      onStore(async () => {
        if (!(await this.#stat(path))) throw missing();
        if (on) await unless(createFile(path + HOLD).then(closeAfterSync), undefined, "EEXIST");
        else await unless(unlink(path + HOLD), undefined, "ENOENT");
        await syncDirectory(dirname(path));
      }),
    );
  }

  async remove(key: string): Promise<void> {
    const path = this.#root.locate(key);
    await this.#turns.take(key, () =>
      onStore(async () => {
        const object = await this.#stat(path);
        if (object?.legalHold) throw new ArchiveError("object-locked", "the object is under a legal hold");
        if (object && object.retainUntil > this.#now()) {
          throw new ArchiveError(
            "object-locked",
            `the object is locked until ${object.retainUntil.toISOString()}`,
          );
        }
        if (object) await unlink(path);
        await unless(syncDirectory(dirname(path)), undefined, "ENOENT", "ENOTDIR");
      }),
    );
  }

  async #isTaken(path: string): Promise<boolean> {
    await this.#root.refuseLinks(dirname(path));
    const there = await unless(lstat(path), undefined, "ENOENT", "ENOTDIR");
    if (there && !there.isFile()) throw notAFile();
    return there !== undefined;
  }

  async #create(
    path: string,
    { body, retainUntil, sha256 }: { body: Body; retainUntil: Date; sha256?: string },
  ): Promise<boolean> {
    const temp = this.#root.temp();
    const handle = await createFile(temp);
    try {
      try {
        await write(handle, body, sha256);
        await handle.chmod(0o400);
        await lock(handle, wholeSecond(retainUntil));
      } finally {
        await handle.close();
      }
      await this.#root.makeDirectory(dirname(path));
      await link(temp, path);
      return true;
    } catch (error) {
      if (hasCode(error, "EEXIST")) return false;
      throw error;
    } finally {
      await unless(unlink(temp), undefined, "ENOENT");
    }
  }

  async #stat(path: string): Promise<LockedObject | undefined> {
    await this.#root.refuseLinks(dirname(path));
    const file = await unless(lstat(path), undefined, "ENOENT", "ENOTDIR");
    if (!file?.isFile()) return undefined;
    const hold = await unless(lstat(path + HOLD), undefined, "ENOENT");
    return { sizeBytes: file.size, retainUntil: new Date(lockOf(file)), legalHold: hold !== undefined };
  }

  async *#read(key: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { handle } = await this.#open(key);
    try {
      for (;;) {
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  async #open(key: string): Promise<OpenFile> {
    const path = this.#root.locate(key);
    await this.#root.refuseLinks(dirname(path));
    const file = await openFile(path);
    if (!file) throw missing();
    return file;
  }
}

async function write(handle: FileHandle, body: Body, sha256: string | undefined): Promise<void> {
  const digest = sha256 === undefined ? undefined : createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body.open()) {
    digest?.update(chunk);
    sizeBytes += chunk.length;
    for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
  }
  if (!(body instanceof Uint8Array) && body.sizeBytes !== sizeBytes) {
    throw new ArchiveError("corrupt", "a body is not of the size that was announced");
  }
  if (digest && digest.digest("hex") !== sha256) {
    throw new ArchiveError("corrupt", "a body does not have the digest that was announced");
  }
}

/** Sets the lock date and makes the file, with it, durable. */
async function lock(handle: FileHandle, until: number): Promise<void> {
  await handle.utimes(until / 1_000, until / 1_000);
  if (lockOf(await handle.stat()) < until) {
    throw new ArchiveError("store-unavailable", "the file system cannot hold a lock date that late");
  }
  await handle.sync();
}

function lockOf(file: { mtimeMs: number }): number {
  return Math.round(file.mtimeMs);
}

/** Every file system keeps whole seconds; rounding up never unlocks early. */
function wholeSecond(date: Date): number {
  return Math.ceil(date.getTime() / 1_000) * 1_000;
}

async function closeAfterSync(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function missing(): ArchiveError {
  return new ArchiveError("object-missing", "no such object");
}
