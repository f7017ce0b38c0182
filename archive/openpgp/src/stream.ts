import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import { ByteReader } from "./byte-reader.ts";
import {
  CIPHER,
  LITERAL_HEAD,
  LITERAL_TAG,
  lengthSize,
  MDC_BYTES,
  MDC_DIGEST_BYTES,
  MDC_HEAD,
  NO_IV,
  PREFIX_BYTES,
  SEALED_TAG,
  SEALED_VERSION,
  writeLength,
} from "./framing.ts";
import { writePrefix } from "./packet.ts";
import type { SessionKey } from "./session-key.ts";

const PART_BITS = 16;
const PART_BYTES = 2 ** PART_BITS;
/** Says that `PART_BYTES` follow and then another length (RFC 4880 section 4.2.2.4). */
const PART_LENGTH = Buffer.from([0xe0 | PART_BITS]);

/**
 * Seals a body of any length, 64 KiB at a time, into one OpenPGP packet (SEIPD version 1, partial lengths).
 * `gpg --override-session-key` opens it. Not repeatable: each run has other bytes.
 */
export async function* sealStream(
  body: AsyncIterable<Uint8Array>,
  key: SessionKey,
): AsyncGenerator<Buffer, void, undefined> {
  yield* frame(SEALED_TAG, encrypt(body, key));
}

/** Bytes that `sealStream` makes of a body of `sizeBytes`. */
export function sealedStreamSize(sizeBytes: number): number {
  const literal = framedSize(LITERAL_HEAD.length + sizeBytes);
  return framedSize(1 + PREFIX_BYTES + literal + MDC_BYTES);
}

/**
 * Opens what `sealStream` or `sealPacket` wrote, in memory that does not grow with it.
 *
 * The content is authenticated by its end: **until the iteration has ended without an error, what was
 * yielded proves nothing**, and a consumer must be able to discard it. Where it cannot, see `openVerified`.
 *
 * @throws {ArchiveError} `malformed`: no such packet; `undecryptable`: another key, or altered or cut
 */
export async function* openStream(
  sealed: AsyncIterable<Uint8Array>,
  key: SessionKey,
): AsyncGenerator<Buffer, void, undefined> {
  const outer = new ByteReader(sealed, notSealed);
  try {
    yield* openFrom(outer, key);
  } finally {
    await outer.close();
  }
}

/**
 * As `openStream`, in two passes: all of it is authenticated before the first byte is yielded.
 *
 * @param open gives the same bytes each time; should they change in between, the second pass still throws
 */
export async function* openVerified(
  open: () => AsyncIterable<Uint8Array>,
  key: SessionKey,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const _ of openStream(open(), key));
  yield* openStream(open(), key);
}

/** Opens the sealed packet that fills the rest of `outer`, which stays open. */
export async function* openFrom(outer: ByteReader, key: SessionKey): AsyncGenerator<Buffer, void, undefined> {
  if ((await outer.readByte()) !== SEALED_TAG) throw notSealed();
  // What is inside cannot be told from a wrong key before the end, so every fault in it has the same error.
  const mdc = createHash("sha1");
  const inner = new ByteReader(decrypt(outer.packetBody(), key), undecryptable, (bytes) => mdc.update(bytes));
  await inner.read(PREFIX_BYTES);
  if ((await inner.readByte()) !== LITERAL_TAG) throw undecryptable();
  const literal = new ByteReader(inner.packetBody(), undecryptable);
  const [format, nameLength] = await literal.read(2);
  if (format !== LITERAL_HEAD[0] || nameLength === undefined) throw undecryptable();
  await literal.read(LITERAL_HEAD.length - 2 + nameLength);
  for (let part; (part = await literal.readSome(PART_BYTES));) yield part;

  const head = await inner.read(MDC_HEAD.length);
  const expected = mdc.copy().digest();
  const digest = await inner.read(MDC_DIGEST_BYTES);
  const fits = timingSafeEqual(expected, digest) && head.equals(MDC_HEAD);
  if (!fits || (await inner.peek()) !== undefined) throw undecryptable();
  if ((await outer.peek()) !== undefined)
    throw new ArchiveError("malformed", "something follows a sealed packet");
}

async function* encrypt(body: AsyncIterable<Uint8Array>, key: SessionKey): AsyncGenerator<Buffer> {
  const cipher = createCipheriv(CIPHER, key.secret, NO_IV);
  const mdc = createHash("sha1");
  const seal = (clear: Buffer) => {
    mdc.update(clear);
    return cipher.update(clear);
  };
  const prefix = Buffer.alloc(PREFIX_BYTES);
  writePrefix(prefix);
  yield Buffer.from([SEALED_VERSION]);
  yield seal(prefix);
  for await (const part of frame(LITERAL_TAG, headed(LITERAL_HEAD, body))) yield seal(part);
  yield seal(MDC_HEAD);
  yield cipher.update(mdc.digest());
}

async function* decrypt(body: AsyncIterable<Buffer>, key: SessionKey): AsyncGenerator<Buffer> {
  const decipher = createDecipheriv(CIPHER, key.secret, NO_IV);
  let isFirst = true;
  for await (const part of body) {
    if (isFirst && part[0] !== SEALED_VERSION) throw notSealed();
    yield decipher.update(isFirst ? part.subarray(1) : part);
    isFirst = false;
  }
}

/** A packet of unknown length: equal parts, then a definite length, which may be zero. */
async function* frame(tag: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let head = Buffer.from([tag]);
  for await (const part of cut(body)) {
    yield Buffer.concat([head, part.length === PART_BYTES ? PART_LENGTH : definite(part.length), part]);
    head = Buffer.alloc(0);
  }
}

function framedSize(bodyBytes: number): number {
  const parts = Math.floor(bodyBytes / PART_BYTES);
  return 1 + parts * PART_LENGTH.length + lengthSize(bodyBytes % PART_BYTES) + bodyBytes;
}

/** The same bytes in parts of `PART_BYTES` and a last one that is shorter, perhaps empty. */
async function* cut(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let part = Buffer.allocUnsafe(PART_BYTES);
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + PART_BYTES - filled);
      part.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled === PART_BYTES) {
        yield part;
        part = Buffer.allocUnsafe(PART_BYTES);
        filled = 0;
      }
    }
  }
  yield part.subarray(0, filled);
}

async function* headed(head: Buffer, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* body;
}

function definite(length: number): Buffer {
  const octets = Buffer.alloc(lengthSize(length));
  writeLength(octets, length, 0);
  return octets;
}

function notSealed(): ArchiveError {
  return new ArchiveError("malformed", "not a sealed packet (SEIPD version 1), or cut short");
}

function undecryptable(): ArchiveError {
  return new ArchiveError("undecryptable", "the session key does not fit, or the sealed bytes were altered");
}
