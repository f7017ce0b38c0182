import { ArchiveError } from "@daybook/archive-core";
import { lengthStart, longerLength, WRAPPED_TAGS } from "./framing.ts";
import type { KeyHolder, PrivateKey, Recipient } from "./keys.ts";
import { wrapKey } from "./message.ts";

/** Encrypted to a public key (RFC 4880 section 5.1), new packet format. */
const TO_PUBLIC_KEY = 0xc1;
const VERSION = 3;
const KEY_ID_BYTES = 8;
/** A recipient that does not want to be named (section 5.1): everybody has to try. */
const HIDDEN = "0".repeat(2 * KEY_ID_BYTES);
const MAX_PACKETS = 64;

interface WrappedKey {
  /** The whole packet, as it stands. */
  readonly packet: Buffer;
  /** Undefined where it is wrapped under a passphrase. */
  readonly keyId: string | undefined;
}

/**
 * Ids of the keys that a message, a key block or a bare wrapped key is encrypted to, in order: 16 upper-case hex
 * digits each. Opens nothing.
 *
 * @throws {ArchiveError} `malformed`
 */
export function wrappedTo(message: Uint8Array): string[] {
  return split(message).keys.flatMap(({ keyId }) => keyId ?? []);
}

/**
 * Opens what is encrypted to any of several keys, the ones that it names first: after a change of the archive key
 * there is something encrypted to each. Asks for the keys at each use, so that one that comes later counts.
 */
export function anyOf(keys: () => readonly PrivateKey[]): KeyHolder {
  return {
    async unwrap(wrapped) {
      const ids = new Set(wrappedTo(wrapped));
      const named = keys().filter((key) => ids.has(HIDDEN) || key.keyIds.some((id) => ids.has(id)));
      let refused: unknown;
      for (const key of named) {
        try {
          return await key.unwrap(wrapped);
        } catch (error) {
          if (!(error instanceof ArchiveError) || error.code !== "undecryptable") throw error;
          refused = error;
        }
      }
      throw new ArchiveError("undecryptable", "not encrypted to any private key that is here", {
        cause: refused,
      });
    },
  };
}

/**
 * The same message for other recipients: its sealed part and the wrapped keys that stay are the same bytes. Asked for
 * what it is already, it gives the message itself.
 *
 * @param change.add whom it has to be encrypted to; nobody twice
 * @param change.drop whom not any more; others that it was encrypted to stay, also those that nobody here knows
 * @throws {ArchiveError} `undecryptable`: not for `holder`; `malformed`: not a message, nobody would be left, or a
 *   recipient that can no longer be encrypted to
 */
export async function rewrap(
  message: Uint8Array,
  holder: KeyHolder,
  change: {
    readonly add: readonly Recipient[];
    readonly drop: readonly Pick<Recipient, "keyIds">[];
  },
): Promise<Buffer> {
  const { keys, rest } = split(message);
  const dropped = new Set(change.drop.flatMap(({ keyIds }) => keyIds));
  const kept = keys.filter(({ keyId }) => keyId === undefined || !dropped.has(keyId));
  const present = new Set(kept.map(({ keyId }) => keyId));
  const missing = change.add.filter(({ keyIds }) => !keyIds.some((id) => present.has(id)));
  if (kept.length + missing.length === 0) {
    throw new ArchiveError("malformed", "a message needs a recipient that stays");
  }
  if (missing.length === 0) return Buffer.concat([...kept.map(({ packet }) => packet), rest]);
  const key = await holder.unwrap(Buffer.concat(keys.map(({ packet }) => packet)));
  const added = await wrapKey(key, missing);
  return Buffer.concat([...kept.map(({ packet }) => packet), added, rest]);
}

/** Wrapped keys, and what follows them. */
function split(message: Uint8Array): { keys: WrappedKey[]; rest: Buffer } {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const keys: WrappedKey[] = [];
  let at = 0;
  while (at < bytes.length && WRAPPED_TAGS.has(bytes.readUInt8(at))) {
    const { start, end } = bodyOf(bytes, at + 1);
    if (end > bytes.length || keys.length === MAX_PACKETS) throw malformed();
    const packet = bytes.subarray(at, end);
    if (packet[0] !== TO_PUBLIC_KEY) keys.push({ packet, keyId: undefined });
    else if (end - start > 1 + KEY_ID_BYTES && bytes[start] === VERSION) {
      const id = bytes.subarray(start + 1, start + 1 + KEY_ID_BYTES);
      keys.push({ packet, keyId: id.toString("hex").toUpperCase() });
    } else throw malformed();
    at = end;
  }
  if (keys.length === 0) throw malformed();
  return { keys, rest: bytes.subarray(at) };
}

/** Where the body of a packet is whose length stands at `at`. */
function bodyOf(bytes: Buffer, at: number): { start: number; end: number } {
  if (at >= bytes.length) throw malformed();
  const first = bytes.readUInt8(at);
  const length = lengthStart(first);
  if (length.kind === "partial") throw malformed();
  if (length.kind === "definite") return { start: at + 1, end: at + 1 + length.length };
  const start = at + 1 + length.octets;
  if (start > bytes.length) throw malformed();
  return { start, end: start + longerLength(first, bytes.subarray(at + 1, start)) };
}

function malformed(): ArchiveError {
  return new ArchiveError("malformed", "not an OpenPGP message of wrapped keys and one sealed packet");
}
