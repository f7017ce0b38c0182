import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { ArchiveError } from "./error.ts";
import { HASH_BYTES } from "./merkle.ts";

const ED25519 = 0x01;
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const MAX_NOTE_BYTES = 64 * 1024;

/** A log's signed head. `root` is the RFC 6962 tree hash of the first `size` leaves. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** Signs the checkpoints of one log. */
export interface CheckpointSigner {
  readonly origin: string;
  /** The verifier key, to give to auditors: `name+hex(keyID)+base64(type || public key)`. */
  readonly vkey: string;
  /** @returns the signed note, as published */
  sign(size: number, root: Uint8Array): string;
}

/**
 * @param origin the log's name and its key's name: no spaces, no `+`
 * @param seed Ed25519 private key seed, 32 bytes (RFC 8032); one seed may serve several origins
 * @see c2sp.org/tlog-checkpoint, c2sp.org/signed-note
 */
export function checkpointSigner(origin: string, seed: Uint8Array): CheckpointSigner {
  if (!/^[^\s+]{1,200}$/u.test(origin))
    throw new ArchiveError("malformed", "a log's origin has no spaces and no plus");
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key)
    .export({ format: "der", type: "spki" })
    .subarray(SPKI_ED25519.length);
  const typed = Buffer.concat([Buffer.of(ED25519), publicKey]);
  const id = keyId(origin, typed);
  return {
    origin,
    vkey: `${origin}+${id.toString("hex")}+${typed.toString("base64")}`,
    sign(size, root) {
      const body = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
      const signature = sign(null, Buffer.from(body), key);
      return `${body}\n— ${origin} ${Buffer.concat([id, signature]).toString("base64")}\n`;
    },
  };
}

/** A verifier key, parsed. */
export interface Verifier {
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** @throws {ArchiveError} `malformed`: not an Ed25519 verifier key of a signed note */
export function parseVkey(vkey: string): Verifier {
  const match = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(vkey);
  const typed = Buffer.from(match?.[3] ?? "", "base64");
  if (!match || typed.length !== 33 || typed[0] !== ED25519) {
    throw new ArchiveError("malformed", "not an Ed25519 verifier key (name+id+key)");
  }
  const name = match[1] as string;
  const id = keyId(name, typed);
  if (id.toString("hex") !== match[2])
    throw new ArchiveError("malformed", "the verifier key's id does not fit its key");
  const spki = Buffer.concat([SPKI_ED25519, typed.subarray(1)]);
  return { name, id, key: createPublicKey({ key: spki, format: "der", type: "spki" }) };
}

/** Reads a checkpoint without judging its signatures. @throws {ArchiveError} `malformed` */
export function readCheckpoint(note: string): Checkpoint {
  const [origin, size, root] = readNote(note).text.split("\n");
  const rootBytes = Buffer.from(root ?? "", "base64");
  if (
    !origin ||
    !/^(0|[1-9]\d{0,15})$/.test(size ?? "") ||
    !Number.isSafeInteger(Number(size)) ||
    rootBytes.length !== HASH_BYTES ||
    rootBytes.toString("base64") !== root
  ) {
    throw new ArchiveError("malformed", "not a checkpoint");
  }
  return { origin, size: Number(size), root: rootBytes };
}

/**
 * Reads a checkpoint signed by `verifier`, whose name must be the log's origin. Other signatures, of
 * witnesses, may stand beside its own and are not judged.
 *
 * @throws {ArchiveError} `malformed`; `corrupt` when that key did not sign it
 */
export function openCheckpoint(note: string, verifier: Verifier): Checkpoint {
  const checkpoint = readCheckpoint(note);
  const { text, signatures } = readNote(note);
  const own = signatures.filter(
    ({ name, blob }) => name === verifier.name && verifier.id.equals(blob.subarray(0, 4)),
  );
  const good = own.every(({ blob }) => verify(null, Buffer.from(text), verifier.key, blob.subarray(4)));
  if (checkpoint.origin !== verifier.name || own.length === 0 || !good) {
    throw new ArchiveError("corrupt", "the checkpoint is not signed by this key");
  }
  return checkpoint;
}

interface Note {
  /** What is signed, with its last newline. */
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly blob: Buffer }[];
}

/** Takes a signed note apart, refusing all that Go's `note.Open` refuses. */
function readNote(note: string): Note {
  const end = note.lastIndexOf("\n\n");
  const lines = note.slice(end + 2).split("\n");
  const printable = note.isWellFormed() && !/[\0-\x09\x0b-\x1f]/.test(note);
  if (end < 1 || note.length > MAX_NOTE_BYTES || !printable || lines.pop() !== "" || lines.length === 0) {
    throw new ArchiveError("malformed", "not a signed note");
  }
  const signatures = lines.map((line) => {
    const [, name, base64] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? [];
    const blob = Buffer.from(base64 ?? "", "base64");
    if (name === undefined || blob.length < 5 || blob.toString("base64") !== base64) {
      throw new ArchiveError("malformed", "not a signed note");
    }
    return { name, blob };
  });
  return { text: note.slice(0, end + 1), signatures };
}

function keyId(name: string, typed: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer").subarray(0, 4);
}
