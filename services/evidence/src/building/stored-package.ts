import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EvidenceError } from "../error.ts";
import { newFileKey, openChunks, sealChunks } from "./sealed-file.ts";

const NAME = /^[0-9a-f-]{36}\.package$/;
const BUFFER_BYTES = 1024 * 1024;
/** What the system says when there is no room. */
const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/**
 * A package on this server's disk, encrypted under a key that only this process ever holds: a crash leaves bytes that
 * nobody can read, and the next start removes them.
 */
export interface StoredPackage {
  readonly sizeBytes: number;
  /** SHA-256 of the package, hex. */
  readonly sha256: string;
  /** Its bytes, as often as wanted. @throws {ArchiveError} `corrupt` when the file was altered */
  read(): AsyncIterable<Buffer>;
  /** Whoever reads it just then reads on. */
  remove(): Promise<void>;
}

/**
 * Makes the folder of packages, for this user alone, and empties it of what an earlier process left there: its keys died
 * with it.
 *
 * @throws {EvidenceError} `unsafe-folder` when others may write there
 */
export async function openFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(dir);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new EvidenceError(
      "unsafe-folder",
      "the folder of packages must belong to the user that Daybook runs as, with mode 0700",
    );
  for (const name of await readdir(dir)) if (NAME.test(name)) await rm(join(dir, name), { force: true });
}

/**
 * Stores what `write` writes. Resolves once it is all on the disk; a failure leaves nothing there.
 *
 * @param write ends `out`, or fails
 * @param onBytes told how many there are by now
 * @throws {EvidenceError} `disk-full`; what `write` throws; what `signal` gives as reason
 */
export async function storePackage<Result>(
  dir: string,
  write: (out: Writable) => Promise<Result>,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<{ stored: StoredPackage; result: Result }> {
  const key = newFileKey();
  const path = join(dir, `${randomUUID()}.package`);
  const remove = () => rm(path, { force: true });
  const digest = createHash("sha256");
  let sizeBytes = 0;
  const out = new PassThrough({ highWaterMark: BUFFER_BYTES });
  const storing = pipeline(
    out,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        digest.update(chunk);
        sizeBytes += chunk.length;
        onBytes(sizeBytes);
        yield chunk;
      }
    },
    (source: AsyncIterable<Buffer>) => sealChunks(source, key),
    createWriteStream(path, { flags: "wx", mode: 0o600 }),
    { signal },
  );
  storing.catch(() => undefined);
  try {
    const result = await write(out);
    await storing;
    const sha256 = digest.digest("hex");
    return { stored: { sizeBytes, sha256, read: () => openChunks(path, key), remove }, result };
  } catch (error) {
    out.destroy();
    // What became of the file tells more than that its writer was stopped.
    const cause: unknown = await storing.then(
      () => error,
      (reason: unknown) => reason,
    );
    await remove();
    signal.throwIfAborted();
    if (FULL.has((cause as { code?: unknown } | undefined)?.code))
      throw new EvidenceError("disk-full", "there is no room on the server's disk for the package", {
        cause,
      });
    throw error;
  }
}
