import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  type PrivateKey,
  type Recipient,
  readPublicKeys,
  type SessionKey,
  unlockPrivateKey,
} from "@daybook/openpgp";
import { ArchiveError } from "@daybook/archive-core";
import * as openpgp from "openpgp";

/** Around each place where OpenPGP's lengths, or our parts, change their form. */
export const SIZES = [
  0, 1, 163, 164, 191, 192, 511, 512, 513, 8_355, 8_383, 8_384, 65_511, 65_535, 65_536, 65_537, 131_066,
  1_048_576,
];

export const PASSPHRASE = "correct horse, battery – staple";

/** Bytes that repeat with no power of two. */
export function content(size: number): Buffer {
  return Buffer.alloc(size, "a body of the archive, ");
}

/** The same bytes in pieces of `size`. */
export async function* inPieces(bytes: Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Seals whatever stands in the place of the literal, with a modification detection code that fits. */
export function sealRaw(
  inside: Uint8Array,
  key: SessionKey,
  { mdcHead = [0xd3, 0x14], tag = 0xd2, version = 1 } = {},
): Buffer {
  const prefix = randomBytes(18);
  prefix.copyWithin(16, 14, 16);
  const hashed = Buffer.concat([prefix, inside, Buffer.from(mdcHead)]);
  const clear = Buffer.concat([hashed, createHash("sha1").update(hashed).digest()]);
  const encrypted = createCipheriv("aes-256-cfb", key.bytes, Buffer.alloc(16)).update(clear);
  return packet(tag, Buffer.concat([Buffer.from([version]), encrypted]));
}

/** A packet with a five-octet length. */
export function packet(tag: number, body: Uint8Array): Buffer {
  const head = Buffer.from([tag, 0xff, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}

export function literal(text: string, format = "b"): Buffer {
  return packet(0xcb, Buffer.concat([Buffer.from(format), Buffer.alloc(5), Buffer.from(text)]));
}

/** Codes of the errors by which something that is not ours is refused. */
export const REFUSALS = ["malformed", "undecryptable"];

/** The code of the `ArchiveError` that `operation` throws. */
export function codeOf(operation: () => unknown): string {
  try {
    operation();
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
  return "none: it went through";
}

/** What openpgp.js makes of bytes, or of a stream, given the session key. */
export async function sealWithOpenpgp(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  key: SessionKey,
  about: { filename?: string; date?: Date } = {},
): Promise<Buffer> {
  const binary =
    body instanceof Uint8Array ? body : (Readable.toWeb(Readable.from(body)) as unknown as Uint8Array);
  const sealed: unknown = await openpgp.encrypt({
    message: await openpgp.createMessage<Uint8Array>({ binary, ...about }),
    sessionKey: { data: key.bytes, algorithm: "aes256" },
    format: "binary",
  });
  return sealed instanceof Uint8Array ? Buffer.from(sealed) : collect(sealed as AsyncIterable<Uint8Array>);
}

/** What openpgp.js reads, given the session key. */
export async function openWithOpenpgp(sealed: Uint8Array, key: SessionKey): Promise<Buffer> {
  const message = await openpgp.readMessage({ binaryMessage: sealed });
  const opened: { data: unknown } = await openpgp.decrypt({
    message,
    sessionKeys: { data: key.bytes, algorithm: "aes256" },
    format: "binary",
  });
  return Buffer.from(opened.data as Uint8Array);
}

/** A public key as openpgp.js has it. */
export async function publicKeyOf(armoredKey: string): Promise<openpgp.PublicKey> {
  const key = await openpgp.readKey({ armoredKey });
  if (!(key instanceof openpgp.PublicKey)) throw new Error("not a public key");
  return key;
}

type GenerateOptions = Parameters<typeof openpgp.generateKey>[0];

/** A key made by openpgp.js, with settings that ours never uses; cheap to unlock. */
export async function pairOf(options: Partial<Omit<GenerateOptions, "format">> = {}): Promise<{
  publicKey: string;
  recipients: Recipient[];
  privateKey: PrivateKey;
}> {
  const made = await openpgp.generateKey({
    type: "ecc",
    curve: "curve25519Legacy",
    userIDs: [{ name: "Somebody" }],
    passphrase: PASSPHRASE,
    ...options,
    format: "armored",
  });
  return {
    publicKey: made.publicKey,
    recipients: await readPublicKeys(made.publicKey),
    privateKey: await unlockPrivateKey(made.privateKey, PASSPHRASE),
  };
}
