import {
  checkpointKey,
  checkpointSigner,
  type Draft,
  logEntries,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  type SealedRecord,
  ShardLog,
  type Stores,
  verifyConsistency,
} from "../../src/index.ts";
import { decodeLeaf } from "../../src/leaf.ts";

export const SHARD = "0";
export const signer = checkpointSigner("dept.example/0", Buffer.alloc(32, 1));
export const NOW = new Date("2026-03-04T15:04:05.000Z");

export function open(stores: Stores, lockDays = 400): Promise<ShardLog> {
  return ShardLog.open({ shard: SHARD, signer, stores, lockDays, now: () => NOW });
}

export const at = (offset: number) => ({ id: "stream-1", partition: 0, offset });

/** What stands for a sealed block of keys: the ids of the records, so that a test can tell them. */
export function keyBlock(records: readonly SealedRecord[]): Buffer {
  return Buffer.from(records.map((record) => record.id).join("\n"));
}

/** Drafts and commits records; the stream's offsets count records. */
export async function append(log: ShardLog, records: readonly SealedRecord[]): Promise<Draft> {
  const draft = log.draft(records);
  await log.commit(draft, keyBlock(records), at(draft.size));
  return draft;
}

export async function publishedNote(stores: Stores): Promise<string | undefined> {
  const published = await stores.heads.read(checkpointKey(SHARD));
  return published && Buffer.from(published.body).toString();
}

/** The ids in the log up to the published checkpoint, after proving that its tiles lead to its root. */
export async function loggedIds(stores: Stores): Promise<string[]> {
  const note = await publishedNote(stores);
  if (note === undefined) return [];
  const { size, root } = openCheckpoint(note, parseVkey(signer.vkey));
  const read = logFileReader(stores, SHARD);
  expect(await new Prover(size, read).root()).toEqual(root);
  const ids: string[] = [];
  for await (const { entry } of logEntries(read, size)) ids.push(decodeLeaf(entry).id);
  return ids;
}

/** Proves that the published tree only added to each of these notes. */
export async function expectConsistent(stores: Stores, notes: Iterable<string>): Promise<void> {
  const verifier = parseVkey(signer.vkey);
  const newest = openCheckpoint((await publishedNote(stores))!, verifier);
  const prover = new Prover(newest.size, logFileReader(stores, SHARD));
  for (const note of notes) {
    const { size, root } = openCheckpoint(note, verifier);
    expect(size).toBeLessThanOrEqual(newest.size);
    const proof = await prover.consistency(size);
    expect(verifyConsistency(size, root, newest.size, newest.root, proof)).toBe(true);
  }
}
