import { setImmediate as breathe } from "node:timers/promises";
import { type ArchiveRecord, decodeLeaf, decodeProof, type Leaf } from "@daybook/archive-core";
import { openPacket, parseSessionKey } from "@daybook/openpgp";
import type { Attachments } from "./attachments.ts";
import type { CheckedFile, CheckedFiles } from "./checked-files.ts";
import { strictText } from "./checked-files.ts";
import type { Disposals } from "./disposals.ts";
import { GapClaims } from "./gap-claims.ts";
import type { PackageLog } from "./logs.ts";
import type { Problems } from "./problems.ts";
import { parseRecord, provedRoot } from "./proved.ts";
import { SESSION_KEYS, type Tables } from "./tables.ts";

/** Records between two turns of the event loop. */
const BATCH = 256;

export interface RecordChecks {
  readonly files: CheckedFiles;
  readonly problems: Problems;
  readonly logs: readonly PackageLog[];
  readonly tables: Tables;
  readonly attachments: Attachments;
  readonly disposals: Disposals;
  /** Told now and then how many records are done. */
  readonly onProgress?: (records: number) => void;
}

export interface Place {
  readonly shard: string;
  readonly index: number;
}

/** Checks every record against its seal, its leaf, its log and the tables. @returns how many there are */
export async function checkRecords(checks: RecordChecks): Promise<number> {
  const { files, problems, tables, disposals } = checks;
  const ids = [...files.paths]
    .map((path) => /^data\/records\/([0-9a-f]{32})\.json$/.exec(path)?.[1])
    .filter((id) => id !== undefined);
  const places = new Map<string, Place>();
  const taken = new Taken(problems);
  const gaps = new GapClaims(tables.aboutIds);
  for (const [i, id] of ids.entries()) {
    const record = checkRecord(id, checks, places, taken);
    if (record) gaps.see(record);
    if (i % BATCH === BATCH - 1) {
      checks.onProgress?.(i + 1);
      await breathe();
    }
  }
  for (const id of disposals.ids) {
    const proof = checkProof(id, checks);
    if (proof) taken.take(proof, id);
    if (places.has(id))
      problems.add(`data/disposals/${id}.json`, "the record is not disposed of: it is here");
  }
  gaps.judge(tables.claims, checks.attachments, problems);
  tables.finish(places);
  strays(files, new Set([...ids, ...disposals.ids]), new Set(ids), problems);
  return ids.length;
}

function checkRecord(
  id: string,
  checks: RecordChecks,
  places: Map<string, Place>,
  taken: Taken,
): ArchiveRecord | undefined {
  const { files, problems, tables, attachments, disposals } = checks;
  const path = `data/records/${id}.json`;
  const file = files.read(path);
  const proof = checkProof(id, checks);
  const key = tables.claimKey(id);
  const record = file && problems.guard(path, () => parseRecord(file.bytes));
  if (file && proof && file.sha256 !== proof.leaf.rec) problems.add(path, "not the record that was logged");
  if (file && proof) checkSeal(id, file, proof.leaf, key, checks);
  if (!record) return undefined;
  if (record.id !== id) problems.add(path, "under another record's name");
  attachments.cite(record);
  disposals.see(record);
  if (!proof) return record;
  taken.take(proof, id);
  places.set(id, { shard: proof.shard, index: proof.index });
  tables.claim(record, proof);
  return record;
}

function checkSeal(
  id: string,
  record: CheckedFile,
  leaf: Leaf,
  key: string | undefined,
  { files, problems }: RecordChecks,
): void {
  const path = `data/sealed/${id}.pgp`;
  if (!files.has(path)) return problems.add(path, "missing");
  const sealed = files.read(path);
  if (!sealed) return;
  if (sealed.sha256 !== leaf.ct || sealed.bytes.length !== leaf.len)
    problems.add(path, "not the sealed record that was logged");
  if (key === undefined) return;
  // Of a sealed record that is as it was logged, only the key can be wrong.
  const suspect = sealed.sha256 === leaf.ct ? SESSION_KEYS : path;
  const content = problems.guard(suspect, () => openPacket(sealed.bytes, parseSessionKey(key)));
  if (content && !content.equals(record.bytes)) problems.add(path, "its content is not the record");
}

/** Checks a leaf and its proof against the head of its log. */
function checkProof(
  id: string,
  { files, problems, logs }: RecordChecks,
): (Place & { leaf: Leaf }) | undefined {
  const leafPath = `data/leaves/${id}.leaf`;
  const proofPath = `data/proofs/${id}.tlog-proof`;
  for (const path of [leafPath, proofPath]) if (!files.has(path)) problems.add(path, "missing");
  const leafFile = files.has(leafPath) ? files.read(leafPath) : undefined;
  const proofFile = files.has(proofPath) ? files.read(proofPath) : undefined;
  if (!leafFile || !proofFile) return undefined;
  const leaf = problems.guard(leafPath, () => decodeLeaf(leafFile.bytes));
  const proof = problems.guard(proofPath, () => decodeProof(strictText(proofFile.bytes)));
  if (leaf && leaf.id !== id) problems.add(leafPath, "under another record's name");
  if (!leaf || !proof) return undefined;
  const log = logs.find(({ note }) => note === proof.checkpoint);
  if (!log) problems.add(proofPath, "under a checkpoint that is not one of data/logs");
  else if (provedRoot(leafFile.bytes, proof, log.size)?.equals(log.root) === true)
    return { leaf, index: proof.index, shard: log.shard };
  else {
    problems.add(leafPath, "not shown to be in the log");
    problems.add(proofPath, "does not lead from its leaf to the log's root");
  }
  return undefined;
}

/** Seals, keys' leaves and copies of records that are not here. */
function strays(
  files: CheckedFiles,
  logged: ReadonlySet<string>,
  present: ReadonlySet<string>,
  problems: Problems,
): void {
  for (const path of files.paths) {
    const [, folder, id] = /^data\/(sealed|leaves|proofs|eml)\/([0-9a-f]{32})\./.exec(path) ?? [];
    if (folder === undefined || id === undefined) continue;
    const known = folder === "sealed" || folder === "eml" ? present : logged;
    if (!known.has(id)) problems.add(path, "belongs to no record of the package");
  }
}

/** Places in the logs, of which each holds one record. */
class Taken {
  readonly #problems: Problems;
  readonly #ids = new Map<string, Map<number, string>>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  take({ shard, index }: Place, id: string): void {
    const log = this.#ids.get(shard) ?? new Map<number, string>();
    this.#ids.set(shard, log);
    const other = log.get(index);
    if (other !== undefined)
      this.#problems.add(`data/proofs/${id}.tlog-proof`, `at the place of record ${other}`);
    log.set(index, id);
  }
}
