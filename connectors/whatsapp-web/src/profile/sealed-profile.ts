import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { create, extract } from "tar";
import { WebError } from "../error.ts";

const MAGIC = Buffer.from("daybook whatsapp web session 1\n");
const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = MAGIC.length + SALT_BYTES + NONCE_BYTES;
const MODE = 0o600;
const SYSTEM = /\bE(NOSPC|DQUOT|IO|ROFS|MFILE|NFILE|ACCES|PERM|NOMEM)\b/;

/**
 * A session's folder at rest: one file, a tar under AES-256-GCM, its key derived (HKDF-SHA-256) from the deployment's and
 * the file's own salt. Whoever has both is the official on WhatsApp.
 */
export class SealedProfile {
  readonly #path: string;
  readonly #key: Uint8Array;

  /** @param key 32 bytes, the deployment's */
  constructor(path: string, key: Uint8Array) {
    this.#path = path;
    this.#key = key;
  }

  get #part(): string {
    return `${this.#path}.part`;
  }

  get exists(): boolean {
    return existsSync(this.#path);
  }

  /**
   * Seals a folder that no Chromium has open, in the place of what was sealed before. Durable once it resolves.
   *
   * @throws {WebError} `unavailable` when it cannot be read or written: what was sealed before stands
   */
  async seal(dir: string): Promise<void> {
    try {
      await this.#seal(dir);
    } catch (cause) {
      await rm(this.#part, { force: true });
      throw new WebError("unavailable", "a session cannot be sealed", { cause });
    }
  }

  async #seal(dir: string): Promise<void> {
    const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
    const cipher = createCipheriv("aes-256-gcm", this.#keyFor(salt), nonce).setAAD(MAGIC);
    const packed = create({ cwd: dir, portable: true, filter: isKept }, ["session"]);
    await pipeline(
      packed,
      cipher,
      async function* (sealed: AsyncIterable<Buffer>) {
        yield Buffer.concat([MAGIC, salt, nonce]);
        yield* sealed;
        yield cipher.getAuthTag();
      },
      createWriteStream(this.#part, { mode: MODE, flush: true }),
    );
    await rename(this.#part, this.#path);
    const folder = await open(dirname(this.#path));
    await folder.sync().finally(() => folder.close());
  }

  /**
   * Puts what was sealed into a folder that is not there yet: whole, or not at all.
   *
   * @throws {WebError} `profile-unreadable`; `unavailable` where the system gives no room for it
   */
  async unseal(dir: string): Promise<void> {
    const part = `${dir}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true, mode: 0o700 });
    try {
      const { head, tag, end } = await this.#frame();
      const [salt, nonce] = [head.subarray(MAGIC.length, -NONCE_BYTES), head.subarray(-NONCE_BYTES)];
      const decipher = createDecipheriv("aes-256-gcm", this.#keyFor(salt), nonce)
        .setAAD(MAGIC)
        .setAuthTag(tag);
      await pipeline(
        createReadStream(this.#path, { start: HEAD_BYTES, end }),
        decipher,
        extract({ cwd: part, strict: true }),
      );
      await rename(part, dir);
    } catch (cause) {
      // What was under way into it may still come.
      await rm(part, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
      if (isOfSystem(cause))
        throw new WebError("unavailable", "a session cannot be put where browsers run", { cause });
      throw new WebError("profile-unreadable", "a session is damaged or under another key", { cause });
    }
  }

  async #frame(): Promise<{ head: Buffer; tag: Buffer; end: number }> {
    const file = await open(this.#path);
    try {
      const { size } = await file.stat();
      if (size <= HEAD_BYTES + TAG_BYTES) throw new RangeError("it is cut off");
      const [head, tag] = [Buffer.alloc(HEAD_BYTES), Buffer.alloc(TAG_BYTES)];
      await file.read(head, 0, HEAD_BYTES, 0);
      await file.read(tag, 0, TAG_BYTES, size - TAG_BYTES);
      if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new TypeError("it is no session");
      return { head, tag, end: size - TAG_BYTES - 1 };
    } finally {
      await file.close();
    }
  }

  #keyFor(salt: Uint8Array): Buffer {
    return Buffer.from(hkdfSync("sha256", this.#key, salt, "daybook whatsapp web session v1", 32));
  }
}

/** Whether it is the disk's or the machine's fault, not that of what was sealed. */
function isOfSystem(cause: unknown): boolean {
  // tar has the system's word in its message alone.
  return cause instanceof Error && SYSTEM.test(cause.message);
}

/** Of Chromium's folder what a session is: not its caches, nor what it fetches for itself. */
function isKept(path: string): boolean {
  const [, first, second] = path.split("/");
  if (first === undefined) return true;
  if (first === "Local State") return true;
  return first === "Default" && !/cache/i.test(second ?? "");
}
