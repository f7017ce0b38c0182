import { hash } from "node:crypto";
import {
  addCosignature,
  ArchiveError,
  type MutableStore,
  openCheckpoint,
  readNote,
  type Verifier,
  type Witness,
} from "@daybook/archive-core";
import { openStamp } from "@daybook/timestamp";

type Heads = Pick<MutableStore, "read" | "list" | "replace" | "put">;

/** Key of the newest checkpoint that enough witnesses signed: the log's own note, with more signature lines. */
export function witnessedKey(shard: string): string {
  return `log/${shard}/witnessed`;
}

/** A checkpoint in the store. */
export interface StoredNote {
  readonly note: string;
  readonly size: number;
  readonly tag: string;
}

/** @throws {ArchiveError} `corrupt` when it is not signed by the log */
export async function readWitnessed(
  heads: Pick<MutableStore, "read">,
  shard: string,
  log: Verifier,
): Promise<StoredNote | undefined> {
  const stored = await heads.read(witnessedKey(shard));
  if (!stored) return undefined;
  const note = Buffer.from(stored.body).toString();
  return { note, size: openCheckpoint(note, log).size, tag: stored.tag };
}

/**
 * Publishes a checkpoint that enough witnesses signed. Never replaces one by a smaller one, nor takes a signature from
 * one of the same size. Durable once resolved; may be repeated.
 *
 * @throws {ArchiveError} `store-unavailable`, `store-full` (retryable)
 */
export async function publishWitnessed(
  heads: Heads,
  { shard, log, witnesses }: { shard: string; log: Verifier; witnesses: readonly Witness[] },
  note: string,
): Promise<void> {
  const { size } = openCheckpoint(note, log);
  for (;;) {
    const before = await readWitnessed(heads, shard, log);
    if (before && before.size > size) return;
    const next = before?.size === size ? withSignaturesOf(before.note, note, witnesses) : note;
    if (before?.note === next) return;
    try {
      await heads.replace(witnessedKey(shard), Buffer.from(next), before?.tag);
      return;
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "conflict") throw error;
    }
  }
}

/** A note with the witnesses' signatures of another note of the same text. */
export function withSignaturesOf(note: string, other: string, witnesses: readonly Witness[]): string {
  if (readNote(note).text !== readNote(other).text) return other;
  const lines = readNote(other)
    .signatures.map(({ line }) => `${line}\n`)
    .join("");
  return witnesses.reduce((merged, witness) => {
    try {
      return addCosignature(merged, lines, witness);
    } catch (error) {
      // This witness has not signed the other.
      if (error instanceof ArchiveError) return merged;
      throw error;
    }
  }, note);
}

/** A checkpoint and its time-stamp, as they are stored: under a name of their own, so that no later one replaces them. */
export interface StoredStamp {
  readonly note: string;
  readonly reply: Buffer;
  readonly at: Date;
}

function stampedPrefix(shard: string): string {
  return `log/${shard}/stamped/`;
}

/**
 * Keeps a stamp beside its checkpoint: `log/SHARD/stamped/<size>-<digest>/checkpoint` and `checkpoint.tsr`, in this
 * order. Durable once resolved; may be repeated.
 */
export async function storeStamp(
  heads: Heads,
  { shard, size, note, reply }: { shard: string; size: number; note: string; reply: Buffer },
): Promise<void> {
  const folder = `${stampedPrefix(shard)}${String(size).padStart(16, "0")}-${hash("sha256", note).slice(0, 16)}`;
  await heads.put(`${folder}/checkpoint`, Buffer.from(note));
  await heads.put(`${folder}/checkpoint.tsr`, reply);
}

/** The stamp of the largest checkpoint that has one. One that is damaged counts as none. */
export async function newestStamp(heads: Heads, shard: string): Promise<StoredStamp | undefined> {
  let newest: string | undefined;
  for await (const key of heads.list(stampedPrefix(shard)))
    if (key.endsWith("/checkpoint.tsr") && (newest === undefined || key > newest)) newest = key;
  if (newest === undefined) return undefined;
  const [note, reply] = await Promise.all([heads.read(newest.replace(/\.tsr$/, "")), heads.read(newest)]);
  if (!note || !reply) return undefined;
  try {
    const { at } = openStamp(reply.body, note.body);
    return { note: Buffer.from(note.body).toString(), reply: Buffer.from(reply.body), at };
  } catch (error) {
    if (error instanceof ArchiveError) return undefined;
    throw error;
  }
}
