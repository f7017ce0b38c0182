import { createCipheriv, createDecipheriv, hash, timingSafeEqual } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import {
  CIPHER,
  LITERAL_HEAD,
  LITERAL_TAG,
  lengthSize,
  lengthStart,
  longerLength,
  MDC_BYTES,
  MDC_DIGEST_BYTES,
  MDC_HEAD,
  NO_IV,
  PREFIX_BYTES,
  SEALED_TAG,
  SEALED_VERSION,
  writeLength,
} from "./framing.ts";
import { randomSlice } from "./random.ts";
import type { SessionKey } from "./session-key.ts";

/** What one packet may hold, in bytes. Larger things are attachments: see `sealStream`. */
export const MAX_PACKET_PLAINTEXT = 256 * 1024 * 1024;

const MAX_PACKET = MAX_PACKET_PLAINTEXT + 64;
const SMALLEST_LITERAL = 2 + LITERAL_HEAD.length;
const SMALLEST_CLEAR = PREFIX_BYTES + SMALLEST_LITERAL + MDC_BYTES;

/**
 * Seals bytes into one OpenPGP packet (SEIPD version 1, definite length) around a literal data packet with
 * neither name nor date. `gpg --override-session-key` opens it. Never the same bytes twice.
 *
 * @throws {RangeError} above `MAX_PACKET_PLAINTEXT`
 * @see RFC 4880 sections 5.9, 5.13, 5.14
 */
export function sealPacket(plaintext: Uint8Array, key: SessionKey): Buffer {
  if (plaintext.length > MAX_PACKET_PLAINTEXT) throw new RangeError("too large for one packet");
  const literalLength = LITERAL_HEAD.length + plaintext.length;
  const clear = Buffer.allocUnsafe(PREFIX_BYTES + 1 + lengthSize(literalLength) + literalLength + MDC_BYTES);
  writePrefix(clear);
  let at = clear.writeUInt8(LITERAL_TAG, PREFIX_BYTES);
  at = writeLength(clear, literalLength, at);
  clear.set(LITERAL_HEAD, at);
  clear.set(plaintext, at + LITERAL_HEAD.length);
  at += literalLength;
  clear.set(MDC_HEAD, at);
  at += MDC_HEAD.length;
  // A string costs a half of the Buffer that Node would make for it.
  clear.write(hash("sha1", clear.subarray(0, at), "binary"), at, "binary");

  const encrypted = createCipheriv(CIPHER, key.secret, NO_IV).update(clear);
  clear.fill(0);
  const length = 1 + encrypted.length;
  const packet = Buffer.allocUnsafe(1 + lengthSize(length) + length);
  at = packet.writeUInt8(SEALED_TAG, 0);
  at = packet.writeUInt8(SEALED_VERSION, writeLength(packet, length, at));
  packet.set(encrypted, at);
  return packet;
}

/**
 * Opens what `sealPacket` wrote: exactly one packet of definite length that holds exactly one literal.
 * Compressed, signed and nested packets are refused. Nothing is returned before all of it is authenticated.
 *
 * @throws {ArchiveError} `malformed`: no such packet; `undecryptable`: another key, or altered bytes
 */
export function openPacket(packet: Uint8Array, key: SessionKey): Buffer {
  const sealed = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (sealed.length > MAX_PACKET) throw new ArchiveError("malformed", "a sealed packet is too large");
  const body = definiteBody(sealed, SEALED_TAG);
  if (body?.[0] !== SEALED_VERSION || body.length < 1 + SMALLEST_CLEAR) {
    throw new ArchiveError("malformed", "not one sealed packet (SEIPD version 1)");
  }
  const clear = createDecipheriv(CIPHER, key.secret, NO_IV).update(body.subarray(1));
  const digestAt = clear.length - MDC_DIGEST_BYTES;
  const fits = timingSafeEqual(hash("sha1", clear.subarray(0, digestAt), "buffer"), clear.subarray(digestAt));
  if (!fits)
    throw new ArchiveError("undecryptable", "the session key does not fit, or the packet was altered");
  const mdcAt = digestAt - MDC_HEAD.length;
  const literal = definiteBody(clear.subarray(PREFIX_BYTES, mdcAt), LITERAL_TAG);
  const content = literal && literalContent(literal);
  if (!content || !clear.subarray(mdcAt, digestAt).equals(MDC_HEAD)) {
    throw new ArchiveError("malformed", "a sealed packet holds something other than one literal");
  }
  return content;
}

/** Fills in the random prefix at the start of `target`. */
export function writePrefix(target: Buffer): void {
  target.set(randomSlice(PREFIX_BYTES - 2));
  target.copyWithin(PREFIX_BYTES - 2, PREFIX_BYTES - 4, PREFIX_BYTES - 2);
}

/** The body of the packet that fills `bytes` from end to end; undefined for any other tag or extent. */
function definiteBody(bytes: Buffer, tag: number): Buffer | undefined {
  const first = bytes[1];
  if (bytes[0] !== tag || first === undefined) return undefined;
  const start = lengthStart(first);
  if (start.kind === "partial") return undefined;
  const at = start.kind === "definite" ? 2 : 2 + start.octets;
  if (bytes.length < at) return undefined;
  const length = start.kind === "definite" ? start.length : longerLength(first, bytes.subarray(2, at));
  return length === bytes.length - at ? bytes.subarray(at) : undefined;
}

/** Content of a binary literal, whatever its name and date. */
function literalContent(literal: Buffer): Buffer | undefined {
  const nameLength = literal[1];
  if (literal[0] !== LITERAL_HEAD[0] || nameLength === undefined) return undefined;
  const at = LITERAL_HEAD.length + nameLength;
  return literal.length >= at ? literal.subarray(at) : undefined;
}
