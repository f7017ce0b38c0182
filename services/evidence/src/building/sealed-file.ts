import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { ArchiveError } from "@daybook/archive-core";

const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/** A key for one file, and for no other: its chunks are numbered, and a number is never used twice under one key. */
export function newFileKey(): Buffer {
  return randomBytes(32);
}

/**
 * Encrypts what passes: AES-256-GCM in chunks of 64 KiB, each under its number and whether it is the last, so that chunks
 * can be neither swapped, nor left out, nor cut off at the end (STREAM, Hoang et al. 2015).
 */
export async function* sealChunks(
  source: AsyncIterable<Uint8Array>,
  key: Uint8Array,
): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let number = 0;
  for await (const piece of source) {
    waiting.push(piece);
    waitingBytes += piece.length;
    if (waitingBytes <= CHUNK_BYTES) continue;
    // The last chunk is known to be it only when nothing comes after: so one byte at least stays behind.
    const all = Buffer.concat(waiting);
    let at = 0;
    for (; all.length - at > CHUNK_BYTES; at += CHUNK_BYTES) {
      yield seal(all.subarray(at, at + CHUNK_BYTES), key, number, false);
      number += 1;
    }
    waiting = [all.subarray(at)];
    waitingBytes = all.length - at;
  }
  yield seal(Buffer.concat(waiting), key, number, true);
}

/**
 * What `sealChunks` made, from a file.
 *
 * @throws {ArchiveError} `corrupt` when it is not byte for byte what was written; what was yielded before is good
 */
export async function* openChunks(path: string, key: Uint8Array): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    let at = 0;
    for (let number = 0; at < size || number === 0; number += 1) {
      const sealed = Buffer.allocUnsafe(Math.min(CHUNK_BYTES + TAG_BYTES, size - at));
      const { bytesRead } = await file.read(sealed, 0, sealed.length, at);
      at += sealed.length;
      if (bytesRead !== sealed.length) throw altered();
      yield unseal(sealed, key, number, at >= size);
    }
  } finally {
    await file.close();
  }
}

function seal(chunk: Uint8Array, key: Uint8Array, number: number, isLast: boolean): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number, isLast));
  return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
}

function unseal(sealed: Buffer, key: Uint8Array, number: number, isLast: boolean): Buffer {
  if (sealed.length < TAG_BYTES) throw altered();
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number, isLast));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const chunk = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    throw altered(cause);
  }
  return chunk;
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUIntBE(number, NONCE_BYTES - 1 - 6, 6);
  nonce.writeUInt8(isLast ? 1 : 0, NONCE_BYTES - 1);
  return nonce;
}

function altered(cause?: unknown): ArchiveError {
  return new ArchiveError("corrupt", "a file on this server's disk was altered", { cause });
}
