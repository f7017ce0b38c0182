import { ArchiveError } from "@daybook/archive-core";
import { ByteReader } from "./byte-reader.ts";
import { lengthSize, WRAPPED_TAGS, writeLength } from "./framing.ts";
import type { KeyHolder, Recipient } from "./keys.ts";
import { sealPacket } from "./packet.ts";
import { newSessionKey, type SessionKey } from "./session-key.ts";
import { openFrom, sealStream } from "./stream.ts";

const MAX_RECIPIENTS = 64;
const MAX_WRAPPED_BYTES = 4_096;

/**
 * An ordinary OpenPGP message (PKESK version 3 for each recipient, SEIPD version 1), which each of them can
 * open with stock GnuPG, whatever newer formats their keys advertise.
 *
 * @throws {ArchiveError} `malformed`: no recipient, or one that can no longer be encrypted to
 */
export async function encryptToKeys(
  plaintext: Uint8Array,
  recipients: readonly Recipient[],
): Promise<Buffer> {
  const { key, wrapped } = await newWrappedKey(recipients);
  return Buffer.concat([wrapped, sealPacket(plaintext, key)]);
}

/** As `encryptToKeys`, for a body of any length, in memory that does not grow with it. */
export async function* encryptStreamToKeys(
  body: AsyncIterable<Uint8Array>,
  recipients: readonly Recipient[],
): AsyncGenerator<Buffer, void, undefined> {
  const { key, wrapped } = await newWrappedKey(recipients);
  yield wrapped;
  yield* sealStream(body, key);
}

/**
 * Opens a message made here or by openpgp.js: wrapped keys, then one SEIPD packet with one literal. All of it
 * is authenticated before any of it is returned. GnuPG's own messages are compressed, which is refused.
 *
 * @throws {ArchiveError} `undecryptable`: not for this key, or altered; `malformed`
 */
export async function decryptWithKey(message: Uint8Array, holder: KeyHolder): Promise<Buffer> {
  return collect(decryptStreamWithKey(once(message), holder));
}

/** As `decryptWithKey`, in pieces; **they prove nothing until the iteration has ended**: see `openStream`. */
export async function* decryptStreamWithKey(
  message: AsyncIterable<Uint8Array>,
  holder: KeyHolder,
): AsyncGenerator<Buffer, void, undefined> {
  yield* openMessage(message, (wrapped) => holder.unwrap(wrapped));
}

/**
 * The key of a message, for `gpg --override-session-key` or another recipient. The sealed part is not read.
 *
 * @throws {ArchiveError} `undecryptable`: not for this key; `malformed`
 */
export async function extractSessionKey(message: Uint8Array, holder: KeyHolder): Promise<SessionKey> {
  return holder.unwrap(await readWrapped(new ByteReader(once(message), notAMessage)));
}

/**
 * A fresh key for many small cells (`sealPacket`), and its wrapping for each recipient to keep beside them.
 * The wrapping followed by any one cell is an ordinary OpenPGP message.
 *
 * @throws {ArchiveError} `malformed`: no recipient, or one that can no longer be encrypted to
 */
export async function newWrappedKey(
  recipients: readonly Recipient[],
): Promise<{ key: SessionKey; wrapped: Buffer }> {
  const key = newSessionKey();
  return { key, wrapped: await wrapKey(key, recipients) };
}

/** Wraps a key that exists for other recipients: what it sealed need not be touched. Errors as `newWrappedKey`. */
export async function wrapKey(key: SessionKey, recipients: readonly Recipient[]): Promise<Buffer> {
  if (recipients.length === 0 || recipients.length > MAX_RECIPIENTS) {
    throw new ArchiveError("malformed", `a message has between 1 and ${MAX_RECIPIENTS} recipients`);
  }
  return Buffer.concat(
    await Promise.all(
      recipients.map((recipient) =>
        recipient.wrap(key).catch((error: unknown) => {
          throw new ArchiveError("malformed", `cannot encrypt to ${recipient.fingerprint}: has it expired?`, {
            cause: error,
          });
        }),
      ),
    ),
  );
}

/** The inverse of `newWrappedKey`. @throws {ArchiveError} `undecryptable`: not for this key; `malformed` */
export async function unwrapKey(wrapped: Uint8Array, holder: KeyHolder): Promise<SessionKey> {
  const reader = new ByteReader(once(wrapped), notAMessage);
  const packets = await readWrapped(reader);
  if ((await reader.peek()) !== undefined) throw notAMessage();
  return holder.unwrap(packets);
}

/** Opens a message whose session key `unwrap` finds. */
export async function* openMessage(
  message: AsyncIterable<Uint8Array>,
  unwrap: (wrapped: Buffer) => Promise<SessionKey>,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(message, notAMessage);
  try {
    const key = await unwrap(await readWrapped(reader));
    yield* openFrom(reader, key);
  } finally {
    await reader.close();
  }
}

/** All of a stream, once it has ended without an error. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Bytes as a stream of one piece. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(bytes);
}

/** The wrapped keys in front of a message, checked for size and number; `reader` then stands behind them. */
async function readWrapped(reader: ByteReader): Promise<Buffer> {
  const packets: Buffer[] = [];
  for (let tag; (tag = await reader.peek()) !== undefined && WRAPPED_TAGS.has(tag);) {
    if (packets.length === MAX_RECIPIENTS) throw notAMessage();
    await reader.readByte();
    const length = await reader.readLength(MAX_WRAPPED_BYTES);
    const packet = Buffer.alloc(1 + lengthSize(length) + length);
    packet.writeUInt8(tag, 0);
    packet.set(await reader.read(length), writeLength(packet, length, 1));
    packets.push(packet);
  }
  if (packets.length === 0) throw notAMessage();
  return Buffer.concat(packets);
}

function notAMessage(): ArchiveError {
  return new ArchiveError("malformed", "not an OpenPGP message of wrapped keys and one sealed packet");
}
