import {
  openCheckpoint,
  parseVkey,
  parseWitnessKey,
  readCheckpoint,
  type Verifier,
  type Witness,
} from "@daybook/archive-core";
import { strictText, type CheckedFiles } from "./checked-files.ts";
import { VerifyError } from "./error.ts";
import type { Problems } from "./problems.ts";

/** A log that records of the package are in, under one signed head. */
export interface PackageLog {
  readonly shard: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** The signed note, verbatim: what each proof of this log has to carry. */
  readonly note: string;
  /** Keys that may have signed this log's checkpoints. */
  readonly verifiers: readonly Verifier[];
}

export interface PackageLogs {
  readonly logs: readonly PackageLog[];
  /** `package` when any log's key had to come from the package itself. */
  readonly keyFrom: "package" | "given";
  readonly given: readonly Verifier[];
}

/** @throws {VerifyError} `bad-key` */
export function parseKeys(keys: readonly string[]): Verifier[] {
  return keys.map((key) => given(key, parseVkey));
}

/** @throws {VerifyError} `bad-key` */
export function parseWitnesses(keys: readonly string[]): Witness[] {
  return keys.map((key) => given(key, parseWitnessKey));
}

function given<T>(key: string, parse: (vkey: string) => T): T {
  try {
    return parse(key.trim());
  } catch (cause) {
    throw new VerifyError("bad-key", "a given key is no verifier key (name+id+key)", { cause });
  }
}

/** Reads the logs' heads and checks who signed them: a given key of that name, else the package's own. */
export function readLogs(files: CheckedFiles, given: readonly Verifier[], problems: Problems): PackageLogs {
  const shards = [...files.paths].map((path) => /^data\/logs\/([^/]+)\//.exec(path)?.[1]);
  const logs: PackageLog[] = [];
  let keyFrom: "package" | "given" = "given";
  for (const shard of [...new Set(shards)].filter((name) => name !== undefined).sort()) {
    const log = readLog(shard, files, given, problems);
    if (!log) continue;
    if (!given.some(({ name }) => name === log.origin)) keyFrom = "package";
    logs.push(log);
  }
  if (logs.length === 0) problems.add("data/logs", "no log that the records could be in");
  for (const key of given)
    if (!logs.some(({ origin }) => origin === key.name))
      problems.add("data/logs", `the given key ${key.name} is the key of no log here`);
  if (new Set(logs.map(({ origin, shard }) => origin.slice(0, -shard.length))).size > 1)
    problems.add("data/logs", "logs of more than one deployment");
  return { logs, keyFrom: logs.length === 0 ? "package" : keyFrom, given };
}

function readLog(
  shard: string,
  files: CheckedFiles,
  given: readonly Verifier[],
  problems: Problems,
): PackageLog | undefined {
  const path = `data/logs/${shard}/checkpoint`;
  const keyPath = `data/logs/${shard}/vkey`;
  for (const name of [path, keyPath]) if (!files.has(name)) problems.add(name, "missing");
  const note = files.has(path) ? files.read(path) : undefined;
  const key = files.has(keyPath) ? files.read(keyPath) : undefined;
  const own = key && problems.guard(keyPath, () => parseVkey(strictText(key.bytes).replace(/\n$/, "")));
  if (!note) return undefined;
  return problems.guard(path, () => {
    const text = strictText(note.bytes);
    const { origin, size, root } = readCheckpoint(text);
    if (!origin.endsWith(`/${shard}`)) problems.add(path, "the checkpoint of another log");
    if (own && own.name !== origin) problems.add(keyPath, "the key of another log");
    const named = given.filter(({ name }) => name === origin);
    if (named.length > 0 && own && !named.some(({ id }) => id.equals(own.id)))
      problems.add(keyPath, "not the key that was given for this log");
    const verifiers = named.length > 0 ? named : own ? [own] : [];
    if (!signedByOne(text, verifiers)) problems.add(path, "not signed by the log's key");
    return { shard, origin, size, root, note: text, verifiers };
  });
}

/** Whether one of the keys signed a checkpoint. */
export function signedByOne(note: string, verifiers: readonly Verifier[]): boolean {
  return verifiers.some((verifier) => {
    try {
      openCheckpoint(note, verifier);
      return true;
    } catch {
      return false;
    }
  });
}
