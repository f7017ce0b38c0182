import { inspect } from "node:util";
import { ArchiveError } from "@daybook/archive-core";
import * as openpgp from "openpgp";
import { SessionKey } from "./session-key.ts";

/** Settings under which GnuPG 2.2 reads what openpgp.js writes; the iteration count is the format's largest. */
export const FOR_GNUPG: openpgp.PartialConfig = {
  v6Keys: false,
  aeadProtect: false,
  s2kType: openpgp.enums.s2k.iterated,
  s2kIterationCountByte: 255,
};

const MAX_KEY_FILE = 1024 * 1024;
const BLOCK = /-----BEGIN PGP ([A-Z ]+)-----[^]*?-----END PGP \1-----/g;
const ENCRYPTION_ALGORITHMS: ReadonlySet<string> = new Set([
  "rsaEncryptSign",
  "rsaEncrypt",
  "ecdh",
  "x25519",
]);

/** Somebody that things can be encrypted to. */
export interface Recipient {
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string;
  /** Of the key and its subkeys, 16 upper-case hex digits each: wrapped keys name one of them. */
  readonly keyIds: readonly string[];
  readonly userIds: readonly string[];
  /** Armored, by itself. */
  readonly publicKey: string;
  /**
   * The session key, encrypted: one PKESK packet of version 3, under a kilobyte.
   *
   * @throws {ArchiveError} `malformed`, with the reason: the key has expired since it was read
   */
  wrap(key: SessionKey): Promise<Buffer>;
}

/** Whoever can open what was encrypted to them: with one private key, or with any of several (`anyOf`). */
export interface KeyHolder {
  /**
   * @param wrapped PKESK packets, for any recipients
   * @throws {ArchiveError} `undecryptable`: none of them is for this holder; `malformed`
   */
  unwrap(wrapped: Uint8Array): Promise<SessionKey>;
}

/** A private key, unlocked. Prints as its fingerprint. */
export interface PrivateKey extends KeyHolder {
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string;
  /** As those of `Recipient`. */
  readonly keyIds: readonly string[];
}

/** `curve25519` unless policy forbids it; RSA is larger and far slower to open. */
export type ArchiveKeyType = "curve25519" | "rsa3072" | "rsa4096";

export interface GeneratedKey {
  /** Armored; protected by the passphrase. */
  readonly privateKey: string;
  /** Armored. */
  readonly publicKey: string;
  /** Armored; whoever holds it can declare the key void. */
  readonly revocationCertificate: string;
  readonly fingerprint: string;
}

/**
 * Makes a version 4 key that does not expire, with a subkey for encryption. GnuPG 2.2 and later import and use it.
 *
 * @throws {ArchiveError} `malformed`: an empty passphrase
 */
export async function generateArchiveKey(options: {
  userId: { name: string; email?: string };
  passphrase: string;
  type: ArchiveKeyType;
}): Promise<GeneratedKey> {
  const { userId, passphrase, type } = options;
  if (passphrase === "") throw new ArchiveError("malformed", "a private key needs a passphrase");
  const kind =
    type === "curve25519"
      ? ({ type: "ecc", curve: "curve25519Legacy" } as const)
      : ({ type: "rsa", rsaBits: type === "rsa3072" ? 3072 : 4096 } as const);
  const made = await openpgp.generateKey({
    ...kind,
    userIDs: [userId],
    passphrase,
    format: "armored",
    config: FOR_GNUPG,
  });
  const publicKey = await openpgp.readKey({ armoredKey: made.publicKey });
  return { ...made, fingerprint: fingerprintOf(publicKey) };
}

/**
 * Reads the public keys of a file: one or more armored blocks, each with one or more keys. All are recipients.
 *
 * @throws {ArchiveError} `malformed`, saying which key cannot be encrypted to and why: expired, revoked, not a
 *   version 4 key, an algorithm that is weak or unknown; or when a private key is among them
 */
export async function readPublicKeys(armored: string): Promise<Recipient[]> {
  const keys: openpgp.Key[] = [];
  for (const block of armoredBlocks(armored)) {
    if (block.type !== "PUBLIC KEY BLOCK") {
      throw new ArchiveError(
        "malformed",
        "a file of public keys holds something else; give only the public key",
      );
    }
    keys.push(...(await parsing("a public key", () => openpgp.readKeys({ armoredKeys: block.text }))));
  }
  const recipients = new Map<string, Recipient>();
  for (const key of keys) recipients.set(fingerprintOf(key), await recipientOf(key));
  if (recipients.size === 0) throw new ArchiveError("malformed", "no public key found");
  return [...recipients.values()];
}

/**
 * Unlocks a private key. Takes some tenths of a second, by design.
 *
 * @throws {ArchiveError} `undecryptable`: another passphrase; `malformed`: not one protected private key
 */
export async function unlockPrivateKey(armored: string, passphrase: string): Promise<PrivateKey> {
  const [block, ...others] = armoredBlocks(armored);
  if (block?.type !== "PRIVATE KEY BLOCK" || others.length > 0) {
    throw new ArchiveError("malformed", "not a file with one private key");
  }
  const locked = await parsing("a private key", () => openpgp.readPrivateKey({ armoredKey: block.text }));
  if (locked.isDecrypted())
    throw new ArchiveError("malformed", "the private key has no passphrase: give it one");
  let key: openpgp.PrivateKey;
  try {
    key = await openpgp.decryptKey({ privateKey: locked, passphrase });
  } catch (error) {
    throw new ArchiveError("undecryptable", "the passphrase does not fit the private key", { cause: error });
  }
  return {
    fingerprint: fingerprintOf(key),
    keyIds: keyIdsOf(key),
    unwrap: (wrapped) => unwrapWith(wrapped, { decryptionKeys: key }),
    [inspect.custom]: () => `[private key ${fingerprintOf(key)}]`,
  } as PrivateKey;
}

/** The session key of PKESK or SKESK packets. */
export async function unwrapWith(
  wrapped: Uint8Array,
  by: { decryptionKeys: openpgp.PrivateKey } | { passwords: string },
): Promise<SessionKey> {
  const message = await parsing("wrapped session keys", () =>
    openpgp.readMessage({ binaryMessage: wrapped, config: { enforceGrammar: false } }),
  );
  let keys: { data: Uint8Array; algorithm: string | null }[];
  try {
    keys = await openpgp.decryptSessionKeys({ message, ...by });
  } catch (error) {
    throw new ArchiveError("undecryptable", "not encrypted to this key, or with another passphrase", {
      cause: error,
    });
  }
  const key = keys.find(({ data, algorithm }) => algorithm === "aes256" && data.length === 32);
  if (!key) throw new ArchiveError("undecryptable", "the session key is not an AES-256 key");
  return new SessionKey(key.data);
}

async function recipientOf(key: openpgp.Key): Promise<Recipient> {
  const fingerprint = fingerprintOf(key);
  const refuse = (why: string, cause?: unknown) =>
    new ArchiveError("malformed", `the key ${fingerprint} cannot be encrypted to: ${why}`, { cause });
  if (!(key instanceof openpgp.PublicKey) || key.isPrivate()) throw refuse("it is a private key");
  if (key.keyPacket.version !== 4) throw refuse("GnuPG reads version 4 keys only");
  // A clock that is behind the one by which the key was made does not make the key a wrong one.
  const dated = () => new Date(Math.max(Date.now(), key.getCreationTime().getTime()));
  const refused = async (error: unknown): Promise<never> => {
    const expires = await key.getExpirationTime().catch(() => null);
    if (await key.isRevoked(undefined, undefined, dated()).catch(() => false))
      throw refuse("it was revoked", error);
    if (expires instanceof Date && expires <= dated()) throw refuse("it has expired", error);
    throw refuse("it has no valid encryption key of a strong, known algorithm", error);
  };
  const encryptionKey = await key.getEncryptionKey(undefined, dated()).catch(refused);
  if (!ENCRYPTION_ALGORITHMS.has(encryptionKey.getAlgorithmInfo().algorithm)) {
    throw refuse("its algorithm is not supported");
  }
  return {
    fingerprint,
    keyIds: keyIdsOf(key),
    userIds: key.getUserIDs(),
    publicKey: key.armor(),
    async wrap(sessionKey) {
      // Without an AEAD algorithm this gives version 3 packets whatever features the key advertises.
      const packet = await openpgp
        .encryptSessionKey({
          data: sessionKey.bytes,
          algorithm: "aes256",
          encryptionKeys: key,
          format: "binary",
          date: dated(),
          config: FOR_GNUPG,
        })
        .catch(refused);
      return Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
    },
  };
}

function fingerprintOf(key: openpgp.Key): string {
  return key.getFingerprint().toUpperCase();
}

function keyIdsOf(key: openpgp.Key): string[] {
  return key.getKeyIDs().map((id) => id.toHex().toUpperCase());
}

function armoredBlocks(text: string): { type: string; text: string }[] {
  if (text.length > MAX_KEY_FILE) throw new ArchiveError("malformed", "a key file is too large");
  return [...text.matchAll(BLOCK)].map(([block, type]) => ({ type: type as string, text: block }));
}

async function parsing<T>(what: string, parse: () => Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    throw new ArchiveError("malformed", `cannot read ${what}`, { cause: error });
  }
}
