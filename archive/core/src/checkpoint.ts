import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { ArchiveError } from "./error.ts";
import { HASH_BYTES } from "./merkle.ts";
import { readNote, readVerifierKey, signaturesBy, type Verifier, writeVerifierKey } from "./note.ts";

const ED25519 = 0x01;
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

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
  const { vkey, id } = writeVerifierKey(origin, ED25519, createPublicKey(key));
  return {
    origin,
    vkey,
    sign(size, root) {
      const body = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
      const signature = sign(null, Buffer.from(body), key);
      return `${body}\n— ${origin} ${Buffer.concat([id, signature]).toString("base64")}\n`;
    },
  };
}

/** @throws {ArchiveError} `malformed`: not an Ed25519 verifier key of a signed note */
export function parseVkey(vkey: string): Verifier {
  const verifier = readVerifierKey(vkey, ED25519);
  if (!verifier) throw new ArchiveError("malformed", "not an Ed25519 verifier key (name+id+key)");
  return verifier;
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
  const own = signaturesBy(verifier, signatures);
  const good = own.every(({ blob }) => verify(null, Buffer.from(text), verifier.key, blob.subarray(4)));
  if (checkpoint.origin !== verifier.name || own.length === 0 || !good) {
    throw new ArchiveError("corrupt", "the checkpoint is not signed by this key");
  }
  return checkpoint;
}
