import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { ArchiveError } from "./error.ts";

const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const ED25519_BYTES = 32;
const MAX_NOTE_BYTES = 64 * 1024;
/** As many as Go's `note.Open` takes. */
const MAX_SIGNATURES = 100;

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string;
  /** Key id and signature. */
  readonly blob: Buffer;
  /** The line itself, without its LF. */
  readonly line: string;
}

export interface Note {
  /** What is signed, with its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/**
 * Takes a signed note apart, refusing all that Go's `note.Open` refuses. Judges no signature.
 *
 * @throws {ArchiveError} `malformed`
 * @see c2sp.org/signed-note
 */
export function readNote(note: string): Note {
  const end = note.lastIndexOf("\n\n");
  const lines = note.slice(end + 2).split("\n");
  const printable = note.isWellFormed() && !/[\0-\x09\x0b-\x1f]/.test(note);
  if (end < 1 || note.length > MAX_NOTE_BYTES || !printable || lines.pop() !== "" || lines.length === 0) {
    throw new ArchiveError("malformed", "not a signed note");
  }
  if (lines.length > MAX_SIGNATURES) throw new ArchiveError("malformed", "a note with too many signatures");
  return { text: note.slice(0, end + 1), signatures: lines.map(readSignature) };
}

/** Takes one signature line apart. @throws {ArchiveError} `malformed` */
export function readSignature(line: string): NoteSignature {
  const [, name, base64] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? [];
  const blob = Buffer.from(base64 ?? "", "base64");
  if (name === undefined || blob.length < 5 || blob.toString("base64") !== base64) {
    throw new ArchiveError("malformed", "not a signed note");
  }
  return { name, blob, line };
}

/** A verifier key of a signed note, parsed. */
export interface Verifier {
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

/**
 * Reads `name+hex(key id)+base64(type || Ed25519 public key)`.
 *
 * @param type what the key signs: 0x01 notes, 0x04 timestamped cosignatures
 * @returns undefined when it is no key of that type
 * @throws {ArchiveError} `malformed`: its id does not fit its key
 */
export function readVerifierKey(vkey: string, type: number): Verifier | undefined {
  const match = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(vkey);
  const typed = Buffer.from(match?.[3] ?? "", "base64");
  if (!match || typed.length !== ED25519_BYTES + 1 || typed[0] !== type) return undefined;
  const name = match[1] as string;
  const id = keyId(name, typed);
  if (id.toString("hex") !== match[2])
    throw new ArchiveError("malformed", "the verifier key's id does not fit its key");
  const spki = Buffer.concat([SPKI_ED25519, typed.subarray(1)]);
  return { name, id, key: createPublicKey({ key: spki, format: "der", type: "spki" }) };
}

/** The verifier key of an Ed25519 public key, and its id. */
export function writeVerifierKey(name: string, type: number, key: KeyObject): { vkey: string; id: Buffer } {
  const raw = key.export({ format: "der", type: "spki" }).subarray(SPKI_ED25519.length);
  const typed = Buffer.concat([Buffer.of(type), raw]);
  const id = keyId(name, typed);
  return { vkey: `${name}+${id.toString("hex")}+${typed.toString("base64")}`, id };
}

/** The signatures of a note that say they are by a key. */
export function signaturesBy(
  { name, id }: Pick<Verifier, "name" | "id">,
  signatures: readonly NoteSignature[],
): NoteSignature[] {
  return signatures.filter((one) => one.name === name && id.equals(one.blob.subarray(0, id.length)));
}

function keyId(name: string, typed: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer").subarray(0, 4);
}
