import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { CaptureError, isFull } from "./error.ts";

const BLOCK_BYTES = 16;
const ZIP_MAGIC = Buffer.from("PK\u0003\u0004");

/**
 * An uploaded file on capture's disk, encrypted under a key that only this process ever holds: a crash
 * leaves bytes that nobody can read, and the next start removes them.
 */
export interface Upload {
  readonly sizeBytes: number;
  /** SHA-256 of the content, hex. */
  readonly sha256: string;
  /** By its first bytes: a ZIP, or text. */
  readonly mediaType: "application/zip" | "text/plain";
  /** Bytes from `start` to `end` (exclusive), decrypted. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}

/**
 * Takes an upload in, encrypted as it arrives.
 *
 * @throws {CaptureError} `too-large`; `spool-full` when the disk has no room; nothing is kept then
 */
export async function receiveUpload(
  body: AsyncIterable<Uint8Array>,
  { spoolDir, maxBytes }: { spoolDir: string; maxBytes: number },
): Promise<Upload> {
  const key = randomBytes(32);
  const nonce = randomBytes(BLOCK_BYTES);
  const path = join(spoolDir, `upload-${randomUUID()}`);
  const digest = createHash("sha256");
  const cipher = createCipheriv("aes-256-ctr", key, nonce);
  let sizeBytes = 0;
  let magic = Buffer.alloc(0);
  const remove = () => rm(path, { force: true });
  let file: FileHandle | undefined;
  try {
    file = await open(path, "wx", 0o600);
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new CaptureError("too-large", `the file is over ${maxBytes} bytes`);
      if (magic.length < ZIP_MAGIC.length)
        magic = Buffer.concat([magic, chunk]).subarray(0, ZIP_MAGIC.length);
      digest.update(chunk);
      await file.writeFile(cipher.update(chunk));
    }
    await file.close();
  } catch (error) {
    await file?.close().catch(() => undefined);
    await remove();
    if (isFull(error)) {
      throw new CaptureError("spool-full", "there is no room for the upload: make room and try again", {
        cause: error,
      });
    }
    throw error;
  }
  return {
    sizeBytes,
    sha256: digest.digest("hex"),
    mediaType: magic.equals(ZIP_MAGIC) ? "application/zip" : "text/plain",
    async *read(start, end) {
      if (start >= end) return;
      const aligned = start - (start % BLOCK_BYTES);
      const decipher = createDecipheriv("aes-256-ctr", key, counterAt(nonce, aligned / BLOCK_BYTES));
      let skip = start - aligned;
      const stream = createReadStream(path, { start: aligned, end: end - 1, highWaterMark: 256 * 1024 });
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        const plain = decipher.update(chunk);
        yield skip > 0 ? plain.subarray(skip) : plain;
        skip = 0;
      }
    },
    remove,
  };
}

/** The counter block `blocks` after `nonce`: addition modulo 2^128, as CTR counts. NIST SP 800-38A, B.1. */
function counterAt(nonce: Buffer, blocks: number): Buffer {
  const sum = (BigInt(`0x${nonce.toString("hex")}`) + BigInt(blocks)) & ((1n << 128n) - 1n);
  return Buffer.from(sum.toString(16).padStart(32, "0"), "hex");
}
