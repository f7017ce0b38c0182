import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AGENT_LIMITS, ConnectorError } from "@daybook/contract";
import { ValueCipher } from "@daybook/keeping";

const CHUNK_BYTES = 1024 * 1024;
/** What sealing adds to a chunk. */
const SEAL_BYTES = 28;

/** A copy of an attachment, sealed, until its batch is answered: Messages may remove its own at any time. */
export interface PartFile {
  readonly file: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Copies of attachments that wait for their batches, in a directory of their own. */
export class PartFiles {
  readonly #dir: string;
  readonly #cipher: ValueCipher;
  /** Copies that no batch names yet. */
  readonly #loose = new Set<string>();

  private constructor(dir: string, cipher: ValueCipher) {
    this.#dir = dir;
    this.#cipher = cipher;
  }

  /**
   * @param salt the same each time
   * @param kept what batches that wait name: everything else is left over from a kill, and removed
   */
  static async open(
    dir: string,
    key: Uint8Array,
    salt: Uint8Array,
    kept: ReadonlySet<string>,
  ): Promise<PartFiles> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const name of await readdir(dir)) if (!kept.has(name)) await rm(join(dir, name), { force: true });
    return new PartFiles(dir, new ValueCipher({ key, label: "daybook mac agent parts v1" }, salt));
  }

  /**
   * Copies a file. Durable once resolved.
   *
   * @throws {ConnectorError} `too-large`; `store-unavailable`, retryable: the disk takes nothing
   * @throws the system's error, where the file cannot be read, or is a link
   */
  async put(path: string): Promise<PartFile> {
    const from = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await this.#copy(from);
    } finally {
      await from.close();
    }
  }

  async #copy(from: Awaited<ReturnType<typeof open>>): Promise<PartFile> {
    const name = randomUUID();
    const temporary = join(this.#dir, `${name}.new`);
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let sizeBytes = 0;
    try {
      const to = await open(temporary, "wx", 0o600);
      try {
        for (let n = 0; ; n += 1) {
          const { bytesRead } = await from.read(buffer, 0, CHUNK_BYTES, sizeBytes);
          if (bytesRead === 0) break;
          const chunk = buffer.subarray(0, bytesRead);
          hash.update(chunk);
          sizeBytes += bytesRead;
          if (sizeBytes > AGENT_LIMITS.partBytes)
            throw new ConnectorError("too-large", "an attachment is larger than is kept");
          const length = Buffer.alloc(4);
          length.writeUInt32BE(bytesRead);
          await to.write(Buffer.concat([length, this.#cipher.seal(chunk, placeOf(name, n))]));
        }
        await to.sync();
      } finally {
        await to.close();
      }
      await rename(temporary, join(this.#dir, name));
      this.#loose.add(name);
      const dir = await open(this.#dir, "r");
      await dir.sync().finally(() => dir.close());
    } catch (cause) {
      await rm(temporary, { force: true });
      if (codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT")
        throw new ConnectorError("store-unavailable", "the disk takes no attachment", { cause });
      throw cause;
    }
    return { file: name, sha256: hash.digest("hex"), sizeBytes };
  }

  /** Its content. @throws the system's error where it is gone or damaged */
  async *content({ file }: Pick<PartFile, "file">): AsyncGenerator<Uint8Array> {
    const from = await open(join(this.#dir, file), "r");
    try {
      for (let n = 0; ; n += 1) {
        const length = Buffer.alloc(4);
        if ((await from.read(length, 0, 4)).bytesRead < 4) return;
        const sealed = Buffer.alloc(Math.min(length.readUInt32BE(), CHUNK_BYTES) + SEAL_BYTES);
        const { bytesRead } = await from.read(sealed, 0, sealed.length);
        yield this.#cipher.open(sealed.subarray(0, bytesRead), placeOf(file, n));
      }
    } finally {
      await from.close();
    }
  }

  /** A batch names them: they stay until they are removed. */
  keep(files: Iterable<string>): void {
    for (const file of files) this.#loose.delete(file);
  }

  /** Removes copies that came into no batch: those that were taken again will be. Not while one is made ready. */
  async removeLoose(): Promise<void> {
    for (const file of this.#loose) {
      await this.remove({ file });
      this.#loose.delete(file);
    }
  }

  async remove({ file }: Pick<PartFile, "file">): Promise<void> {
    await rm(join(this.#dir, file), { force: true });
  }

  /** Bytes on the disk. */
  async bytes(): Promise<number> {
    let sum = 0;
    for (const name of await readdir(this.#dir))
      sum += (await stat(join(this.#dir, name)).catch(() => undefined))?.size ?? 0;
    return sum;
  }
}

function placeOf(file: string, n: number): string {
  return `part/${file}/${n}`;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
