import { verify } from "node:crypto";
import { ArchiveError } from "./error.ts";
import { readNote, readSignature, readVerifierKey, signaturesBy, type Verifier } from "./note.ts";

/** Type of the keys that sign timestamped cosignatures. */
export const COSIGNATURE_V1 = 0x04;
const TIME_BYTES = 8;
const ID_BYTES = 4;
const BLOB_BYTES = ID_BYTES + TIME_BYTES + 64;
/** The last second that a `Date` can hold. */
const LAST_SECOND = 8_640_000_000_000n;

/** A witness, known by its verifier key: `name+id+base64(0x04 || Ed25519 public key)`. */
export interface Witness extends Verifier {
  readonly vkey: string;
}

/** That a witness saw a log grow, without a fork, to a checkpoint. */
export interface Cosignature {
  /** Name of the witness. */
  readonly witness: string;
  /** When, by the witness's clock; whole seconds. */
  readonly at: Date;
}

/** Whose signatures a checkpoint carries besides the log's own. */
export interface Cosignatures {
  readonly good: readonly Cosignature[];
  /** Names of known witnesses whose signature is not theirs. */
  readonly wrong: readonly string[];
  /** Names on lines of keys that are not known here. They may be anybody's. */
  readonly unknown: readonly string[];
}

/** @throws {ArchiveError} `malformed`: not the verifier key of an Ed25519 cosigner */
export function parseWitnessKey(vkey: string): Witness {
  const verifier = readVerifierKey(vkey, COSIGNATURE_V1);
  if (!verifier) throw new ArchiveError("malformed", "not a witness's verifier key (name+id+key, type 4)");
  return { ...verifier, vkey };
}

/** What a witness signs: the text of the note, after a line that tells it from a note and one with the time. */
export function cosignedMessage(text: string, seconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}

/**
 * Judges every signature of a checkpoint that is not the log's own. Of a witness that signed more than once all have
 * to be good, and the earliest time counts.
 *
 * @param log keys that may have signed it as the log
 * @throws {ArchiveError} `malformed`: not a signed note
 * @see c2sp.org/tlog-cosignature
 */
export function judgeCosignatures(
  note: string,
  witnesses: readonly Witness[],
  log: readonly Verifier[] = [],
): Cosignatures {
  const { text, signatures } = readNote(note);
  const good: Cosignature[] = [];
  const wrong: string[] = [];
  const claimed = new Set(log.flatMap((key) => signaturesBy(key, signatures)));
  for (const witness of witnesses) {
    const own = signaturesBy(witness, signatures);
    for (const signature of own) claimed.add(signature);
    const times = own.map(({ blob }) => cosignedAt(text, blob, witness));
    const [first, ...later] = times.filter((at) => at !== undefined);
    if (times.includes(undefined)) wrong.push(witness.name);
    else if (first) good.push({ witness: witness.name, at: later.reduce(earlier, first) });
  }
  const unknown = signatures.filter((one) => !claimed.has(one)).map(({ name }) => name);
  return { good, wrong, unknown: [...new Set(unknown)] };
}

/**
 * Adds to a checkpoint what a witness answered: those signature lines that are the witness's own and good, in the
 * place of what it signed before. Lines of other keys are left out.
 *
 * @param answer signature lines, each with its LF
 * @throws {ArchiveError} `malformed`: the answer is none; `corrupt`: no line of it is the witness's good signature
 */
export function addCosignature(note: string, answer: string, witness: Witness): string {
  const { text, signatures } = readNote(note);
  const lines = answer.split("\n");
  if (lines.pop() !== "" || lines.length > 100)
    throw new ArchiveError("malformed", "an answer that is not signature lines");
  const offered = signaturesBy(witness, lines.map(readSignature));
  const [good] = offered.filter(({ blob }) => cosignedAt(text, blob, witness) !== undefined);
  if (!good) throw new ArchiveError("corrupt", "the witness's answer is not signed by its key");
  const before = new Set(signaturesBy(witness, signatures));
  const kept = signatures.filter((one) => !before.has(one));
  return `${text}\n${[...kept, good].map(({ line }) => `${line}\n`).join("")}`;
}

/** When it was signed; undefined unless it is by this witness. */
function cosignedAt(text: string, blob: Buffer, witness: Witness): Date | undefined {
  if (blob.length !== BLOB_BYTES) return undefined;
  const seconds = blob.readBigUInt64BE(ID_BYTES);
  if (seconds > LAST_SECOND) return undefined;
  const signature = blob.subarray(ID_BYTES + TIME_BYTES);
  const good = verify(null, cosignedMessage(text, seconds), witness.key, signature);
  return good ? new Date(Number(seconds) * 1_000) : undefined;
}

function earlier(a: Date, b: Date): Date {
  return a.getTime() <= b.getTime() ? a : b;
}

/** How many of which witnesses a checkpoint needs. */
export interface WitnessPolicy {
  readonly witnesses: readonly Witness[];
  readonly quorum: number;
}

/**
 * A policy of `quorum` of these witnesses.
 *
 * @throws {ArchiveError} `malformed`: a key that is none, one witness (by name or by key) twice, or a quorum that is
 *   not from 1 to the number of witnesses
 */
export function witnessPolicy(vkeys: readonly string[], quorum: number): WitnessPolicy {
  const witnesses = vkeys.map(parseWitnessKey);
  const keys = witnesses.map(({ key }) => key.export({ format: "der", type: "spki" }).toString("hex"));
  const names = witnesses.map(({ name }) => name);
  // The signed message does not name the signer: under two names one key would be two witnesses.
  if (new Set(keys).size < keys.length || new Set(names).size < names.length)
    throw new ArchiveError("malformed", "the same witness twice");
  if (!Number.isInteger(quorum) || quorum < 1 || quorum > witnesses.length)
    throw new ArchiveError("malformed", "a quorum is from 1 to the number of witnesses");
  return { witnesses, quorum };
}

/** Whether enough witnesses signed a checkpoint, and none wrongly. The log's own signature is not judged. */
export function isWitnessed(note: string, { witnesses, quorum }: WitnessPolicy): boolean {
  const { good, wrong } = judgeCosignatures(note, witnesses);
  return wrong.length === 0 && good.length >= quorum;
}
